import type { Authenticated, Authenticator, Caller, CallerLimits } from '../access/index.ts'
import { err, EvergrantError, isEvergrantError, ok, type Clock } from '../kernel/index.ts'
import { hashOf } from './facade-secrets.ts'
import type { FacadeStore } from './facade-store.ts'

/** Knows the holders of façade tokens as callers of the gateway. */
export interface FacadeCallers {
  /**
   * Tells whose an `egf_` token is: at once from memory, else from the store. The caller is bound
   * to the client’s connection and upstream and holds no role. Errors: `caller_unauthenticated` for
   * one that is unknown, revoked or dead; `store_*`.
   */
  authenticate: Authenticator
  /** Forgets everything in memory; called when the generation `facades` moved. */
  forget(): void
}

interface Entry {
  readonly authenticated: Authenticated
  readonly expiresAt: number
}

const mostInMemory = 10_000

/** Makes the directory. */
export function createFacadeCallers({
  store,
  clock,
  limits,
}: {
  readonly store: FacadeStore
  readonly clock: Clock
  readonly limits: CallerLimits
}): FacadeCallers {
  const entries = new Map<string, Entry>()
  let age = 0

  async function lookUp(hash: string): Promise<Authenticated> {
    const asOf = age
    const now = clock.now()
    const found = await store.findFacadeToken(hash, now)
    const expiresAt = found?.token.expiresAt
    if (found?.token.kind !== 'access' || expiresAt === undefined) return err(refused())
    const { client } = found
    const [connection = '', tenant] = splitAddress(client.connection)
    const caller: Caller = {
      id: client.id,
      name: client.name,
      kind: 'facade',
      connections: [connection],
      // Approved for this very address: for a partner’s own tenant, not for its customers’.
      tenant: tenant ?? '',
      ...(client.upstream === undefined ? {} : { upstream: client.upstream }),
      allowTokens: false,
      limits,
    }
    // What was read before a revocation must not be remembered after it.
    const authenticated = ok(caller)
    if (asOf === age) remember(hash, { authenticated, expiresAt })
    return authenticated
  }

  function remember(hash: string, entry: Entry): void {
    if (entries.size >= mostInMemory) {
      const [oldest] = entries.keys()
      if (oldest !== undefined) entries.delete(oldest)
    }
    entries.set(hash, entry)
  }

  return {
    authenticate: (token) => {
      const hash = hashOf(token)
      const known = entries.get(hash)
      if (known === undefined) return lookUp(hash).catch(foreseen)
      if (known.expiresAt > clock.now()) return known.authenticated
      entries.delete(hash)
      return err(refused())
    },
    forget: () => {
      age += 1
      entries.clear()
    },
  }
}

/** A store that is away is an answer; anything else is a fault. */
function foreseen(error: unknown): Authenticated {
  if (isEvergrantError(error)) return err(error)
  throw error
}

function splitAddress(address: string): readonly string[] {
  const at = address.indexOf('@')
  return at === -1 ? [address] : [address.slice(0, at), address.slice(at + 1)]
}

function refused(): EvergrantError {
  return new EvergrantError(
    'caller_unauthenticated',
    'the façade token is not known, or not any more',
    { remedy: 'Obtain a new one with the refresh token.' },
  )
}
