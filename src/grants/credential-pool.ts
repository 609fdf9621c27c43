import type { Clock } from '../kernel/index.ts'
import type { ConnectionDefinition } from './connection.ts'
import { loadCredentials, type LoadedCredentials, type NameVersion } from './credentials.ts'

/** Credentials of connections, read once for many slots. */
export interface CredentialPool {
  /**
   * Returns the credentials of a connection. What was read for another tenant or target of it
   * within the last ten seconds does, so that a sweep over thousands of tenants does not read a
   * file, or run a command, for each; `reread` always reads, and whoever asks meanwhile shares
   * that.
   *
   * @throws As `loadCredentials`; failures are not remembered.
   */
  read(definition: ConnectionDefinition, reread: boolean): Promise<LoadedCredentials>
}

/** How long what was read for one slot does for another (ms). */
const sharedForMs = 10_000

/** How many connections are remembered. */
const kept = 1_000

/** Makes the pool of one engine. */
export function createCredentialPool(nameVersion: NameVersion, clock: Clock): CredentialPool {
  const known = new Map<
    string,
    { readonly reading: Promise<LoadedCredentials>; readonly tick: number }
  >()
  return {
    read: async (definition, reread) => {
      const key = JSON.stringify([definition.name, definition.version])
      const last = known.get(key)
      const isYoung = last !== undefined && clock.monotonic() - last.tick < sharedForMs
      if (isYoung && !reread) return await last.reading
      const entry = { reading: loadCredentials(definition, nameVersion), tick: clock.monotonic() }
      known.delete(key)
      known.set(key, entry)
      const [oldest] = known.keys()
      if (known.size > kept && oldest !== undefined) known.delete(oldest)
      try {
        return await entry.reading
      } catch (error) {
        if (known.get(key) === entry) known.delete(key)
        throw error
      }
    },
  }
}
