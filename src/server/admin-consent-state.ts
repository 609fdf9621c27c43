import { isEvergrantError, Secret, type Clock, type RandomBytes } from '../kernel/index.ts'
import type { SealPlace, Vault } from '../vault/index.ts'

/** For how long it is known where somebody was sent from to consent (ms). */
const lifeMs = 7 * 86_400_000
/** How many are remembered as spent, the longest spent forgotten first. */
const spentKept = 10_000

/** Names, sealed, for which connection somebody is sent to consent. */
export interface AdminConsentStates {
  make(connection: string): string
  /** The connection, once per process and within a week; undefined for anything else. */
  spend(state: string): string | undefined
}

const place: SealPlace = { table: 'consent', column: 'admin_state', row: '' }

/**
 * Makes the states of admin consent. They are sealed and not kept: an address is shown to whoever
 * looks, many times more often than anybody goes there, and what comes back of it grants nothing.
 */
export function createAdminConsentStates(
  vault: Pick<Vault, 'seal' | 'open'>,
  clock: Clock,
  random: RandomBytes,
): AdminConsentStates {
  const spent = new Set<string>()
  return {
    make: (connection) => {
      const nonce = Buffer.from(random(16)).toString('base64url')
      const text = JSON.stringify([connection, clock.now() + lifeMs, nonce])
      return Buffer.from(vault.seal(new Secret(text), place)).toString('base64url')
    },
    spend: (state) => {
      if (!/^[\w-]{1,2000}$/.test(state)) return undefined
      try {
        const text = vault.open(Buffer.from(state, 'base64url'), place).reveal()
        const [connection, until, nonce] = JSON.parse(text) as readonly [string, number, string]
        if (until < clock.now() || spent.has(nonce)) return undefined
        spent.add(nonce)
        const [oldest] = spent
        if (spent.size > spentKept && oldest !== undefined) spent.delete(oldest)
        return connection
      } catch (error) {
        if (isEvergrantError(error)) return undefined
        throw error
      }
    },
  }
}
