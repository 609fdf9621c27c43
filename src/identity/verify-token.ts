import { err, ok, type Clock, type Result } from '../kernel/index.ts'
import { algorithmOf, verifySignature, type VerificationKey } from '../oauth/index.ts'
import type { AcceptedIssuer, AcceptedIssuers } from './accepted-issuers.ts'
import {
  checkAudience,
  checkKind,
  checkTenant,
  checkTimes,
  readTimes,
  type TokenTimes,
} from './check-claims.ts'
import { parseCompactJwt, signedBytes, type CompactJwt } from './compact-jwt.ts'
import { refuse, type Refusal } from './refusal.ts'
import type { JsonObject } from './strict-json.ts'
import { kindOf, type TokenKind } from './token-kind.ts'

/** A token that holds: signed by its issuer, alive, for us, of an accepted tenant and kind. */
export interface VerifiedToken {
  readonly issuer: AcceptedIssuer
  readonly claims: JsonObject
  readonly kind: TokenKind
  readonly times: TokenTimes
  readonly keyId: string | undefined
  /** Of the issuer’s keys: once it moved, the token has to be verified again. */
  readonly keyGeneration: number
}

/** Why a token does not hold, or what it is. */
export type Verdict = Result<VerifiedToken, Refusal>

/** Judges tokens; keeps nothing of them itself: see `createIdentifier`. */
export interface TokenVerifier {
  /**
   * Judges a token; at once when the key is in memory. Never rejects and never throws: everything
   * expected is a verdict.
   */
  verify(token: string): Verdict | Promise<Verdict>
}

/** What a verifier is made of. */
export interface TokenVerifierOptions {
  readonly issuers: AcceptedIssuers
  readonly clock: Clock
}

/** Makes a verifier. */
export function createTokenVerifier({ issuers, clock }: TokenVerifierOptions): TokenVerifier {
  function verify(token: string): Verdict | Promise<Verdict> {
    const parsed = parseCompactJwt(token)
    if (!parsed.ok) return parsed
    const jwt = parsed.value
    const { iss } = jwt.claims
    const issuer = typeof iss === 'string' ? issuers.find(iss) : undefined
    if (issuer === undefined) return refuseIssuer(iss, issuers)
    if (!issuer.algorithms.has(jwt.algorithm)) {
      const expected = `a signature by ${[...issuer.algorithms].join(', ')}`
      const seen = `"alg" ${JSON.stringify(jwt.algorithm.slice(0, 20))}`
      return refuse('key', 'token_algorithm_refused', expected, seen)
    }
    const key = issuer.keys.peek(jwt.keyId, jwt.algorithm)
    if (key !== undefined) return conclude(jwt, issuer, key)
    return seekKey(jwt, issuer)
  }

  async function seekKey(jwt: CompactJwt, issuer: AcceptedIssuer): Promise<Verdict> {
    const search = await issuer.keys.find(jwt.keyId, jwt.algorithm)
    if (search.kind === 'found') return conclude(jwt, issuer, search.key)
    if (search.kind === 'unavailable') {
      const { detail, retryAfterMs } = search
      const expected = `the keys of ${issuer.iss}`
      return refuse('key', 'issuer_keys_unavailable', expected, detail, { retryAfterMs })
    }
    const named = jwt.keyId === undefined ? 'no name' : JSON.stringify(jwt.keyId.slice(0, 64))
    const expected = `a key that ${issuer.iss} publishes for ${jwt.algorithm}`
    return refuse('key', 'token_key_unknown', expected, `"kid" ${named}`)
  }

  function conclude(jwt: CompactJwt, issuer: AcceptedIssuer, key: VerificationKey): Verdict {
    const keyGeneration = issuer.keys.generation
    const algorithm = algorithmOf(jwt.algorithm)
    if (
      algorithm === undefined ||
      !verifySignature(algorithm, key.key, signedBytes(jwt), jwt.signature)
    ) {
      return refuseSignature(jwt, issuer)
    }
    const now = clock.now()
    const times = readTimes(jwt.claims, issuer.settings, now)
    if (!times.ok) return times
    const kind = kindOf(jwt.header, jwt.claims, issuer.settings.type === 'entra')
    const refusal =
      checkTimes(times.value, now, issuer.settings.skewMs) ??
      checkAudience(jwt, issuer, kind) ??
      checkTenant(jwt, issuer, key) ??
      checkKind(jwt, kind, issuer)
    if (refusal !== undefined) return err(refusal)
    return ok({
      issuer,
      claims: jwt.claims,
      kind,
      times: times.value,
      keyId: jwt.keyId,
      keyGeneration,
    })
  }

  return { verify }
}

function refuseIssuer(iss: unknown, issuers: AcceptedIssuers): Verdict {
  const all = issuers.all().map((one) => one.iss)
  const some = all.slice(0, 4).join(', ')
  const expected = `"iss" ${all.length === 0 ? 'of an issuer, but none is configured' : some}`
  const more = all.length > 4 ? ` or one of ${all.length - 4} more` : ''
  const seen = iss === undefined ? 'none' : JSON.stringify(iss).slice(0, 200)
  return refuse('issuer', 'token_issuer_unknown', expected + more, seen)
}

function refuseSignature(jwt: CompactJwt, { iss }: AcceptedIssuer): Verdict {
  const isGraph = kindOf(jwt.header, jwt.claims).kind === 'graph'
  return refuse(
    'signature',
    'token_signature_invalid',
    `a signature of ${iss}`,
    isGraph ? 'none, as in tokens for Microsoft Graph' : 'one that does not hold',
    isGraph
      ? {
          remedy:
            'The token is for Microsoft Graph, whose tokens nobody else can verify. Request a token for this API instead: its own scope, such as api://…/.default.',
        }
      : {},
  )
}
