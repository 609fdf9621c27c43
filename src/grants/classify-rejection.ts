import { redact, type AccessToken } from '../kernel/index.ts'
import { decodeClaims, parseChallenges, type Challenge } from '../oauth/index.ts'
import type { Ruling } from './ruling-budget.ts'

/** Headers as `fetch`, undici or Node deliver them. */
export type RejectionHeaders =
  Headers | Readonly<Record<string, string | readonly string[] | undefined>>

/** An API’s answer that may be about the token. */
export interface RejectionReport {
  readonly status: number
  readonly headers: RejectionHeaders
  /** The body as text or parsed; leave it out when there is none. */
  readonly body?: unknown
  /** The token that was sent. */
  readonly token: AccessToken
  /**
   * Somebody who knows the API has judged that this refuses the token, whatever the status says; a
   * claims challenge still is one. Renewals that turn out fruitless count against the ruling
   * alone.
   */
  readonly ruling?: Ruling
}

/** What an API’s answer says about the token. `detail` is for people and holds no secret. */
export type RejectionVerdict =
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'claims_challenge'; readonly claims: string; readonly detail: string }
  | {
      readonly kind: 'not_about_token'
      readonly reason: 'permission' | 'audience' | 'other_scheme' | 'status'
      readonly detail: string
    }

/**
 * Tells whether an answer refuses the token itself, so that a new one can help. A 401 does, unless
 * it names the audience, the scope or another scheme; Graph’s `InvalidAuthenticationToken` and
 * `Authentication_ExpiredToken` are such 401s. A claims challenge wins over everything else, then a
 * ruling. RFC 6750 section 3.1.
 */
export function classifyRejection(report: RejectionReport): RejectionVerdict {
  const { status } = report
  const challenges = parseChallenges(wwwAuthenticate(report.headers))
  const bearer =
    challenges.find(
      (challenge) => challenge.scheme === 'bearer' && challenge.parameters.has('error'),
    ) ?? challenges.find((challenge) => challenge.scheme === 'bearer')
  const { code, message } = readBody(report.body)
  const detail = describe(report, bearer, code, message)
  const claims = status === 401 || status === 403 ? readClaims(challenges) : undefined
  if (claims !== undefined) return { kind: 'claims_challenge', claims, detail }
  if (report.ruling !== undefined) return { kind: 'refused', detail }
  const error = bearer?.parameters.get('error')
  if (status === 403 || error === 'insufficient_scope' || code === 'Authorization_RequestDenied') {
    return { kind: 'not_about_token', reason: 'permission', detail }
  }
  if (status !== 401) return { kind: 'not_about_token', reason: 'status', detail }
  if (isAboutAudience(message) || isAboutAudience(bearerDescription(bearer))) {
    return { kind: 'not_about_token', reason: 'audience', detail }
  }
  if (challenges.length > 0 && bearer === undefined && code === undefined) {
    return { kind: 'not_about_token', reason: 'other_scheme', detail }
  }
  return { kind: 'refused', detail }
}

function readClaims(challenges: readonly Challenge[]): string | undefined {
  for (const { scheme, parameters } of challenges) {
    if (scheme !== 'bearer' || parameters.get('error') !== 'insufficient_claims') continue
    const claims = decodeClaims(parameters.get('claims') ?? '')
    if (claims.ok) return claims.value
  }
  return undefined
}

function bearerDescription(challenge: Challenge | undefined): string | undefined {
  // Some Microsoft APIs spell it `errorDescription`; names arrive in lower case.
  const { parameters } = challenge ?? {}
  return parameters?.get('error_description') ?? parameters?.get('errordescription')
}

function isAboutAudience(text: string | undefined): boolean {
  return text !== undefined && /\baudience\b/i.test(text)
}

function wwwAuthenticate(headers: RejectionHeaders): string {
  if (headers instanceof Headers) return headers.get('www-authenticate') ?? ''
  const values = Object.entries(headers)
    .filter(([name]) => name.toLowerCase() === 'www-authenticate')
    .flatMap(([, value]) => value ?? [])
  return values.join(', ')
}

function readBody(body: unknown): { readonly code?: string; readonly message?: string } {
  const parsed = typeof body === 'string' ? parse(body) : body
  const error = memberOf(parsed, 'error')
  const code = memberOf(error, 'code') ?? memberOf(parsed, 'code') ?? error
  const message =
    memberOf(error, 'message') ??
    memberOf(parsed, 'error_description') ??
    memberOf(parsed, 'message')
  return {
    ...(typeof code === 'string' ? { code: code.slice(0, 100) } : {}),
    ...(typeof message === 'string' ? { message } : {}),
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.slice(0, 65_536)) as unknown
  } catch {
    return undefined
  }
}

function describe(
  { status, token }: RejectionReport,
  bearer: Challenge | undefined,
  code: string | undefined,
  message: string | undefined,
): string {
  const name = code ?? bearer?.parameters.get('error')
  const words = message ?? bearerDescription(bearer)
  const said = [name, words].filter((part) => part !== undefined && part !== '').join(': ')
  return redact(`the API answered ${status}${said === '' ? '' : ` ${said}`}`, [token.secret])
}
