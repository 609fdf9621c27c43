import type { Authenticated, Authenticator, Caller, CallerLimits } from '../access/index.ts'
import {
  errorOf,
  type Identified,
  type Identifier,
  type Identity,
  type IdentityRefusal,
} from '../identity/index.ts'
import { err, ok } from '../kernel/index.ts'
import { callerOfFacts, factsOf } from './bearer-facts.ts'

/** What bearer tokens as callers rest on; asked at every call, since a reload changes it. */
export interface BearerCallersOptions {
  /** Undefined while no issuer’s tokens are accepted. */
  readonly identifier: () => Identifier | undefined
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
  const { identifier, limits, scopesOf, resourceMetadata, onAccepted, onRefused } = options
  let callers = new WeakMap<Identity, Caller>()
  let limitsThen = limits()

  function callerOf(identity: Identity): Caller {
    const now = limits()
    if (now !== limitsThen) {
      limitsThen = now
      callers = new WeakMap()
    }
    const known = callers.get(identity)
    if (known !== undefined) return known
    const caller = callerOfFacts(factsOf(identity), 'bearer', now)
    callers.set(identity, caller)
    return caller
  }

  function settle(
    identified: Identified,
    isKept: boolean,
    requestId: (() => string) | undefined,
  ): Authenticated {
    if (identified.ok) {
      onAccepted(identified.value.issuer, isKept)
      return ok(callerOf(identified.value))
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
    const identified = identifier()?.identify(token)
    if (identified === undefined) throw new Error('no issuer’s tokens are accepted')
    return identified instanceof Promise
      ? identified.then((late) => settle(late, false, requestId))
      : settle(identified, true, requestId)
  }
  return { authenticator: () => (identifier() === undefined ? undefined : authenticate) }
}
