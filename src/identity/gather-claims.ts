import { err, type Clock } from '../kernel/index.ts'
import type { AcceptedIssuer, AcceptedIssuers } from './accepted-issuers.ts'
import { addSources } from './add-sources.ts'
import { isOwnCredential, parseCompactJwt, type CompactJwt } from './compact-jwt.ts'
import type { Gathered, Proven } from './evidence.ts'
import type { IssuerPolicy } from './issuer-policy.ts'
import { proveByAsking } from './prove-by-asking.ts'
import { refuse, type Refusal } from './refusal.ts'
import type { TokenVerifier, Verdict } from './verify-token.ts'

/** What gathering rests on. */
export interface GatherOptions {
  readonly issuers: AcceptedIssuers
  /** By name of the issuer, in the order of the configuration. */
  readonly policies: ReadonlyMap<string, IssuerPolicy>
  /** Keeps nothing itself. */
  readonly verifier: TokenVerifier
  readonly clock: Clock
}

/** Collects what is known of a token; at once where everything for it is in memory. */
export type GatherClaims = (token: string) => Gathered | Promise<Gathered>

/**
 * Makes what collects the claims of tokens. A JWT is verified by the keys of its issuer, or put to
 * its issuer where that is configured; what is no JWT is put to the issuers that can be asked, in
 * order, until one accepts it. Then the other sources of that issuer add what they know.
 */
export function createGathering(options: GatherOptions): GatherClaims {
  const { issuers, policies, verifier, clock } = options
  const asked = askedIssuers(options)
  const mustAsk = [...policies.values()].some((policy) => !restsOnToken(policy))

  return (token) => {
    const gatheredTick = clock.monotonic()
    const finish = (proven: Proven): Gathered | Promise<Gathered> =>
      addSources(token, proven, gatheredTick)
    const jwt = mustAsk ? parseCompactJwt(token) : undefined
    if (jwt?.ok === true) {
      const named = askedAbout(jwt.value)
      if (named !== undefined) return ask(token, [named], jwt.value, finish)
    }
    const verdict = verifier.verify(token)
    const conclude = (judged: Verdict): Gathered | Promise<Gathered> => {
      if (judged.ok) return finish(provenBy(judged.value))
      const isOpaque =
        judged.error.code === 'token_opaque' || judged.error.code === 'token_encrypted'
      if (!isOpaque || asked.length === 0 || !isForAsking(token)) return judged
      return ask(token, asked, undefined, finish)
    }
    return verdict instanceof Promise ? verdict.then(conclude) : conclude(verdict)
  }

  function provenBy(verified: Extract<Verdict, { ok: true }>['value']): Proven {
    const { issuer, claims: proof, kind, times, keyId, keyGeneration } = verified
    const policy = policies.get(issuer.settings.name)
    if (policy === undefined) throw new Error(`no policy for issuer "${issuer.settings.name}"`)
    const source = kind.kind === 'id_token' ? 'id_token' : 'token'
    return { issuer, policy, source, proof, kind, times, keyId, keyGeneration }
  }

  /** The issuer a JWT names, byte for byte, where that issuer is asked instead of believed. */
  function askedAbout({ claims: { iss } }: CompactJwt): Asked | undefined {
    const issuer = typeof iss === 'string' ? issuers.find(iss) : undefined
    const policy = issuer === undefined ? undefined : policies.get(issuer.settings.name)
    if (issuer === undefined || policy === undefined || restsOnToken(policy)) return undefined
    return { issuer, policy }
  }

  async function ask(
    token: string,
    candidates: readonly Asked[],
    jwt: CompactJwt | undefined,
    finish: (proven: Proven) => Gathered | Promise<Gathered>,
  ): Promise<Gathered> {
    let unavailable: Refusal | undefined
    let inactive: Refusal | undefined
    for (const { issuer, policy } of candidates) {
      const proven = await proveByAsking(token, issuer, policy, { clock, jwt })
      if (proven.ok) return finish(proven.value)
      if (proven.error.code === 'token_inactive') inactive = proven.error
      else if (proven.error.retryAfterMs === undefined) return proven
      else unavailable ??= proven.error
    }
    // Whoever could not be asked might have accepted it.
    if (unavailable !== undefined) return err(unavailable)
    if (inactive !== undefined && candidates.length === 1) return err(inactive)
    const names = candidates.map(({ policy }) => `"${policy.name}"`).join(', ')
    const expected = `a token that one of ${names} accepts`
    return refuse('claim_source', 'token_inactive', expected, 'one that none of them does')
  }
}

interface Asked {
  readonly issuer: AcceptedIssuer
  readonly policy: IssuerPolicy
}

/** Whether tokens of the issuer are verified here. */
function restsOnToken({ claims }: IssuerPolicy): boolean {
  return claims.includes('token') || claims.includes('id_token')
}

/**
 * Issuers that tokens without a name are put to. Those with several tenants are not: nothing would
 * tell of which tenant the caller is.
 */
function askedIssuers({ issuers, policies }: GatherOptions): readonly Asked[] {
  return [...policies.values()].flatMap((policy) => {
    if (policy.introspect === undefined && policy.askUserInfo === undefined) return []
    const own = issuers.all().filter(({ settings }) => settings.name === policy.name)
    const [issuer] = own
    return issuer === undefined || issuer.settings.type === 'entra' ? [] : [{ issuer, policy }]
  })
}

/** Text that a bearer token of an issuer can be. RFC 6750 section 2.1. */
function isForAsking(token: string): boolean {
  return /^[\w.~+/-]+=*$/.test(token) && !isOwnCredential(token)
}
