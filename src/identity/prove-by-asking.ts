import { err, ok, type Clock, type Result } from '../kernel/index.ts'
import type { AcceptedIssuer } from './accepted-issuers.ts'
import { checkAudience, checkTimes, readTimes, secondsOf, type TokenTimes } from './check-claims.ts'
import type { CompactJwt } from './compact-jwt.ts'
import type { Proven } from './evidence.ts'
import type { AskedClaims, IssuerPolicy } from './issuer-policy.ts'
import { refuse, type Refusal } from './refusal.ts'
import type { JsonObject } from './strict-json.ts'
import { kindOf } from './token-kind.ts'

/** How long an answer holds that says no end of the token (ms): as long as it is kept at most. */
const assumedLifeMs = 60_000

/** An issuer that answers oddly is asked about that token again so much later (ms). */
const oddMs = 30_000

/** What asking rests on. */
export interface AskingOptions {
  readonly clock: Clock
  /** The token taken apart, where it is a JWT; nothing of it is verified. */
  readonly jwt: CompactJwt | undefined
}

/**
 * Proves a token by what its issuer says of it: introspection where that is configured, which tells
 * whom the token is for as well, else UserInfo, which only tells that it is accepted.
 *
 * @see RFC 7662 section 2.2
 */
export async function proveByAsking(
  token: string,
  issuer: AcceptedIssuer,
  policy: IssuerPolicy,
  { clock, jwt }: AskingOptions,
): Promise<Result<Proven, Refusal>> {
  const { introspect, askUserInfo } = policy
  const ask = introspect ?? askUserInfo
  if (ask === undefined) throw new Error(`issuer "${policy.name}" cannot be asked`)
  const source = introspect === undefined ? 'userinfo' : 'introspection'
  const keyGeneration = issuer.keys.generation
  const asked = await ask(token)
  if (asked.kind !== 'told') return err(refuseAsked(source, policy, asked, jwt))
  const proof = asked.claims
  const odd = source === 'introspection' ? oddTime(proof) : undefined
  if (odd !== undefined) {
    const detail = `an answer whose ${JSON.stringify(odd)} is no number of seconds`
    return err(refuseAsked(source, policy, { kind: 'unavailable', detail, retryAfterMs: oddMs }))
  }
  const now = clock.now()
  const times =
    source === 'userinfo'
      ? ok({ expiresAt: now + assumedLifeMs, notBefore: 0, isAssumed: true as const })
      : timesOf(proof, issuer, now)
  if (!times.ok) return times
  const refusal =
    source === 'userinfo'
      ? requireSubject(proof)
      : (checkIssuer(proof, issuer) ??
        checkTimes(times.value, now, issuer.settings.skewMs) ??
        checkWhomFor(proof, issuer, policy))
  if (refusal !== undefined) return err(refusal)
  return ok({
    issuer,
    policy,
    source,
    proof,
    kind: kindOf({}, proof),
    times: times.value,
    keyId: jwt?.keyId,
    keyGeneration,
  })
}

/** What an issuer that was asked did not tell, as the refusal of the token. */
export function refuseAsked(
  source: 'introspection' | 'userinfo',
  { name }: IssuerPolicy,
  asked: Exclude<AskedClaims, { kind: 'told' }>,
  jwt?: CompactJwt,
): Refusal {
  const what = source === 'introspection' ? 'introspection' : 'UserInfo'
  if (asked.kind === 'unavailable') {
    const { detail, retryAfterMs } = asked
    const code = source === 'introspection' ? 'introspection_unavailable' : 'userinfo_unavailable'
    const expected = `an answer of ${what} of "${name}"`
    return refuse('claim_source', code, expected, detail, { retryAfterMs }).error
  }
  const own = asked.kind === 'refused' ? asked.remedy : undefined
  const remedy = own ?? (source === 'userinfo' ? entraRemedy(jwt) : undefined)
  return refuse(
    'claim_source',
    'token_inactive',
    `a token that ${what} of "${name}" accepts`,
    asked.detail,
    remedy === undefined ? {} : { remedy },
  ).error
}

/** A token for an API of one’s own, put to Entra’s UserInfo: it never can be accepted there. */
function entraRemedy(jwt: CompactJwt | undefined): string | undefined {
  if (jwt === undefined) return undefined
  const { kind, entra } = kindOf(jwt.header, jwt.claims)
  if (entra === undefined || kind === 'graph') return undefined
  return 'The token may be as good as can be: UserInfo of Entra ID accepts tokens for Microsoft Graph alone, and this one is for another API. Have an operator write claims: [token], which verifies it here.'
}

/**
 * A time that cannot be read as one. The token is not to blame for what is said of it, and a new
 * one would be told of in the same way.
 */
function oddTime(proof: JsonObject): string | undefined {
  return ['exp', 'nbf', 'iat'].find((name) => {
    const value = proof[name] ?? undefined
    return value !== undefined && secondsOf(value) === undefined
  })
}

function timesOf(
  proof: JsonObject,
  { settings }: AcceptedIssuer,
  now: number,
): Result<TokenTimes, Refusal> {
  // Some servers write `null` for what they do not tell.
  const [exp, nbf, iat] = [proof['exp'], proof['nbf'], proof['iat']].map((one) => one ?? undefined)
  if (exp !== undefined) return readTimes({ exp, nbf, iat }, settings, now)
  // Its life so far says nothing of the rest: only a beginning that is yet to come counts.
  const ahead = typeof nbf === 'number' && nbf * 1_000 <= now ? {} : { nbf }
  const times = readTimes({ exp: (now + assumedLifeMs) / 1_000, ...ahead }, settings, now)
  return times.ok ? ok({ ...times.value, isAssumed: true }) : times
}

function checkIssuer({ iss }: JsonObject, { iss: own }: AcceptedIssuer): Refusal | undefined {
  if (iss === undefined || iss === own) return undefined
  const seen = typeof iss === 'string' ? JSON.stringify(iss.slice(0, 200)) : `a ${typeof iss}`
  return refuse('claim_source', 'claim_source_mismatch', `"iss" ${own} of introspection`, seen)
    .error
}

/** Whom the token is for: an accepted audience; an accepted client where it names none. */
function checkWhomFor(
  proof: JsonObject,
  issuer: AcceptedIssuer,
  { introspectionClients }: IssuerPolicy,
): Refusal | undefined {
  const { aud, client_id: client } = proof
  if (aud !== undefined && aud !== null)
    return checkAudience({ claims: proof }, issuer, kindOf({}, proof))
  if (typeof client === 'string' && introspectionClients.includes(client)) return undefined
  const audiences = [...issuer.audiences].map((one) => JSON.stringify(one)).join(' or ')
  return refuse(
    'audience',
    'token_audience_refused',
    `"aud" ${audiences}, or a client of introspection.clients`,
    typeof client === 'string'
      ? `no "aud", and "client_id" ${JSON.stringify(client.slice(0, 100))}`
      : 'neither "aud" nor "client_id"',
  ).error
}

/** UserInfo names whom it is about; without that it could be anybody. Core section 5.3.2. */
export function requireSubject({ sub }: JsonObject): Refusal | undefined {
  if (typeof sub === 'string' && sub !== '') return undefined
  return refuse('claim_source', 'claim_source_mismatch', '"sub" in UserInfo', 'none').error
}
