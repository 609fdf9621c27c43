import { err, formatDuration, ok, type Result } from '../kernel/index.ts'
import type { VerificationKey } from '../oauth/index.ts'
import type { AcceptedIssuer } from './accepted-issuers.ts'
import type { CompactJwt } from './compact-jwt.ts'
import { refuse, type Refusal } from './refusal.ts'
import type { JsonObject } from './strict-json.ts'
import type { TokenKind } from './token-kind.ts'

/** The last second of the year 9999. */
const lastSecond = 253_402_300_799

/** When a token whose times were checked begins and ends (epoch ms). */
export interface TokenTimes {
  readonly expiresAt: number
  readonly notBefore: number
  /** Nobody said when it ends: what is known of it is only to be learned anew by then. */
  readonly isAssumed?: true
}

/**
 * Reads `exp`, `nbf` and `iat`; refuses what is missing, no number, or not possible, and a life
 * longer than any allowed. Where a token does not say when it begins, it begins now.
 */
export function readTimes(
  { exp, nbf, iat }: JsonObject,
  { longestLifeMs }: AcceptedIssuer['settings'],
  now: number,
): Result<TokenTimes, Refusal> {
  const end = secondsOf(exp)
  if (end === undefined || end <= 0) return err(timeInvalid('"exp" as seconds', seen(exp)))
  const begin = nbf === undefined ? 0 : secondsOf(nbf)
  if (begin === undefined) return err(timeInvalid('"nbf" as seconds', seen(nbf)))
  const issued = iat === undefined ? undefined : secondsOf(iat)
  if (iat !== undefined && issued === undefined) {
    return err(timeInvalid('"iat" as seconds', seen(iat)))
  }
  if (begin > end || (issued ?? 0) > end) {
    return err(timeInvalid('"nbf" and "iat" before "exp"', 'one behind it'))
  }
  const from = issued ?? (begin > 0 ? begin : now / 1_000)
  if ((end - from) * 1_000 > longestLifeMs) {
    const life = formatDuration((end - from) * 1_000)
    return err(timeInvalid(`a life of ${formatDuration(longestLifeMs)} at most`, life))
  }
  return ok({ expiresAt: end * 1_000, notBefore: Math.max(begin, issued ?? 0) * 1_000 })
}

/** Whether a token lives now; asked again at every use of a verdict. */
export function checkTimes(
  { expiresAt, notBefore, isAssumed }: TokenTimes,
  now: number,
  skewMs: number,
): Refusal | undefined {
  if (now - skewMs >= expiresAt && isAssumed !== true) {
    return refuse(
      'time',
      'token_expired',
      `an end after ${instant(now)} (clocks ${formatDuration(skewMs)} apart allowed)`,
      `${instant(expiresAt)}, ${formatDuration(now - expiresAt)} ago`,
    ).error
  }
  if (notBefore > now + skewMs) {
    return timeInvalid(
      `a beginning before ${instant(now)} (clocks ${formatDuration(skewMs)} apart allowed)`,
      `${instant(notBefore)}, in ${formatDuration(notBefore - now)}`,
    )
  }
  return undefined
}

/** A claim as an instant in seconds; undefined for what can be none. */
export function secondsOf(claim: unknown): number | undefined {
  const isNumber = typeof claim === 'number' && Number.isFinite(claim)
  return isNumber && claim >= 0 && claim <= lastSecond ? claim : undefined
}

function timeInvalid(expected: string, what: string): Refusal {
  return refuse('time', 'token_time_invalid', expected, what).error
}

/** Whether a token is for one of the audiences that are accepted, byte by byte. */
export function checkAudience(
  { claims }: Pick<CompactJwt, 'claims'>,
  { audiences, settings }: AcceptedIssuer,
  kind: TokenKind,
): Refusal | undefined {
  const { aud } = claims
  const values: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  const isReadable = values.length > 0 && values.every((value) => typeof value === 'string')
  if (isReadable && values.some((value) => audiences.has(value))) return undefined
  const remedy =
    kind.kind === 'graph'
      ? 'The token is for Microsoft Graph. Request a token for this API instead: its own scope, such as api://…/.default; one token never serves both.'
      : kind.kind === 'id_token' && !settings.acceptsIdTokens
        ? `The token is an ID token (${kind.because}): it is for the application that signed somebody in. Send the access token instead, requested for this API.`
        : undefined
  return refuse(
    'audience',
    'token_audience_refused',
    `"aud" ${[...audiences].map((one) => JSON.stringify(one)).join(' or ')}`,
    isReadable ? seenOf(values) : `${seen(aud)}, not texts alone`,
    remedy === undefined ? {} : { remedy },
  ).error
}

/** Entra: whether `tid` is the tenant of `iss`, and the key one that signs for it. */
export function checkTenant(
  { claims }: CompactJwt,
  { iss, tenantId }: AcceptedIssuer,
  key: VerificationKey,
): Refusal | undefined {
  if (tenantId === undefined) return undefined
  const { tid } = claims
  if (tid !== tenantId) {
    return refuse('tenant', 'token_tenant_refused', `"tid" ${tenantId}`, seen(tid)).error
  }
  // Keys of version 2 say whose tokens they sign; those for one tenant must not sign for another.
  if (key.issuer !== undefined && key.issuer.replace('{tenantid}', tenantId) !== iss) {
    return refuse('tenant', 'token_tenant_refused', `a key for ${iss}`, `one for ${key.issuer}`)
      .error
  }
  return undefined
}

/** What `typ` may say of an access token, or of an ID token (RFC 9068, RFC 7519 section 5.1). */
const acceptedTypes = new Set(['jwt', 'at+jwt', 'jose'])

/**
 * Whether it is an access token or an ID token as the issuer wants it, as far as a token tells. One
 * that says it is for something else, such as signing out, is none, whoever signed it (RFC 8725
 * section 3.11).
 */
export function checkKind(
  { header, claims }: Pick<CompactJwt, 'header' | 'claims'>,
  kind: TokenKind,
  { settings }: AcceptedIssuer,
): Refusal | undefined {
  const { typ } = header
  const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : undefined
  if (typ !== undefined && (type === undefined || !acceptedTypes.has(type))) {
    const what = `"typ" ${seen(typ)} in the header`
    return refuse('token_kind', 'token_kind_wrong', 'an access token', what).error
  }
  if (kind.kind === 'id_token') {
    if (settings.acceptsIdTokens) return undefined
    const what = `an ID token: ${kind.because}`
    return refuse('token_kind', 'token_kind_wrong', 'an access token', what).error
  }
  if (settings.acceptsAccessTokens !== false) return undefined
  const { scp, scope, roles, idtyp } = claims
  const permits = [scp, scope, roles, idtyp].some((claim) => claim !== undefined)
  // Some providers mark neither: what bears no permission is taken for the ID token it has to be.
  if (!permits && type !== 'at+jwt' && claims['typ'] !== 'Bearer') return undefined
  return refuse(
    'token_kind',
    'token_kind_wrong',
    'an ID token, the one source of claims that is configured',
    'an access token',
    { remedy: 'Send the ID token, or have an operator add "token" to `claims:` of the issuer.' },
  ).error
}

/** Some of many values. */
function seenOf(values: readonly unknown[]): string {
  const some = values.slice(0, 4).map((value) => seen(value))
  const more = values.length - some.length
  return more > 0 ? `${some.join(', ')} and ${more} more` : some.join(', ')
}

/** A value of a claim as a refusal repeats it: short, and never more than the caller sent. */
function seen(value: unknown): string {
  if (value === undefined) return 'none'
  const text = JSON.stringify(value)
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}

function instant(at: number): string {
  return new Date(at).toISOString()
}
