import { isEvergrantError, type Clock } from '../kernel/index.ts'
import type { ConnectionDefinition } from './connection.ts'
import type { CredentialPool } from './credential-pool.ts'
import type { LoadedCredentials } from './credentials.ts'
import type { ExchangeHabits } from './send-exchange.ts'

/** How long after a change a rejection may come from replication only (ms). */
export const settlingMs = 60_000

/** The client of a connection as one slot knows it. */
export interface ClientState {
  readonly habits: ExchangeHabits
  /**
   * Returns the credentials, from memory unless `reread`. Unreadable ones do not replace readable
   * ones that were known.
   *
   * @throws `secret_unavailable`, or what else the first reader threw, when none was ever readable.
   */
  credentials(reread: boolean): Promise<LoadedCredentials>
  /** True within a minute after a change: the provider may not have heard of it. */
  isSettling(): boolean
  /** What is known without reading. */
  known(): LoadedCredentials | undefined
}

/** Makes the client state of one slot; `onChanged` runs when other credentials were found. */
export function createClientState(
  definition: ConnectionDefinition,
  pool: CredentialPool,
  clock: Clock,
  onChanged: () => void,
): ClientState {
  const habits: ExchangeHabits = { preferred: 0, clockOffsetMs: undefined }
  let loaded: LoadedCredentials | undefined
  let changedTick: number | undefined
  return {
    habits,
    known: () => loaded,
    isSettling: () => changedTick !== undefined && clock.monotonic() - changedTick < settlingMs,
    credentials: async (reread) => {
      if (loaded !== undefined && !reread) return loaded
      const fresh = await pool.read(definition, reread).catch((error: unknown) => {
        if (loaded === undefined || !isEvergrantError(error)) throw error
        return loaded
      })
      const isOther = loaded !== undefined && loaded.version !== fresh.version
      loaded = fresh
      if (isOther) {
        changedTick = clock.monotonic()
        habits.preferred = 0
        onChanged()
      }
      return fresh
    },
  }
}
