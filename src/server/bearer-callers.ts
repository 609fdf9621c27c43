import type { Authenticated, Authenticator, Caller, CallerLimits } from '../access/index.ts'
import { errorOf, type Identified, type Identity, type IdentityRefusal } from '../identity/index.ts'
import { err, ok } from '../kernel/index.ts'
import { callerOfFacts, factsOf } from './bearer-facts.ts'
import type { Bearer } from './open-bearer.ts'

/** What bearer tokens as callers rest on; asked at every call, since a reload changes it. */
export interface BearerCallersOptions {
  /** Undefined while no issuer’s tokens are accepted. */
  readonly bearer: () => Pick<Bearer, 'identifier' | 'rulesOf'> | undefined
  readonly limits: () => CallerLimits
  /** Of which an issuer’s tokens need one. */
  readonly scopesOf: (issuer: string) => readonly string[]
  readonly resourceMetadata: () => string
  /** Told of everyone that was let in; `isKept`: by what was in memory. */
  readonly onAccepted: (issuer: string, isKept: boolean) => void
  readonly onRefused: (refusal: IdentityRefusal, requestId: string | undefined) => void
}

/** Knows whoever brings a token of an issuer as a caller. */
export interface BearerCallers {
  /** At once when everything is in memory; undefined while no issuer’s tokens are accepted. */
  authenticator(): Authenticator | undefined
}

/** Makes what turns identities into callers: one caller for as long as an identity is the same. */
export function createBearerCallers(options: BearerCallersOptions): BearerCallers {
  const { bearer, limits, scopesOf, resourceMetadata, onAccepted, onRefused } = options
  let callers = new WeakMap<Identity, Caller>()
  let limitsThen = limits()

  function callerOf(identity: Identity, by: Pick<Bearer, 'rulesOf'>): Caller {
    const now = limits()
    if (now !== limitsThen) {
      limitsThen = now
      callers = new WeakMap()
    }
    const known = callers.get(identity)
    if (known !== undefined) return known
    const caller = callerOfFacts(factsOf(identity, by.rulesOf(identity.issuer)), 'bearer', now)
    callers.set(identity, caller)
    return caller
  }

  function settle(
    identified: Identified,
    isKept: boolean,
    by: Pick<Bearer, 'rulesOf'>,
    requestId: (() => string) | undefined,
  ): Authenticated {
    if (identified.ok) {
      onAccepted(identified.value.issuer, isKept)
      return ok(callerOf(identified.value, by))
    }
    const refusal = identified.error
    onRefused(refusal, requestId?.())
    const { stage, issuer } = refusal
    const scopes = stage === 'scope' && issuer !== undefined ? scopesOf(issuer) : []
    return err(
      errorOf(refusal, {
        resourceMetadata: resourceMetadata(),
        ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
      }),
    )
  }

  const authenticate: Authenticator = (token, requestId) => {
    // Whoever a reload meets half-way is told by the rules that it began with.
    const by = bearer()
    if (by === undefined) throw new Error('no issuer’s tokens are accepted')
    const identified = by.identifier.identify(token)
    return identified instanceof Promise
      ? identified.then((late) => settle(late, false, by, requestId))
      : settle(identified, true, by, requestId)
  }
  return { authenticator: () => (bearer() === undefined ? undefined : authenticate) }
}
