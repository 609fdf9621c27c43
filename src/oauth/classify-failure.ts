import { redact, type Secret, type UpstreamEvidence } from '../kernel/index.ts'
import { findAadstsHint, type AadstsHint } from './aadsts.ts'
import { readProviderTime } from './provider-time.ts'
import { fallbackRetryAfterMs, readRetryAfter } from './retry-after.ts'
import {
  isTransient,
  tokenFailure,
  type RetryClass,
  type TokenFailure,
  type TokenFailureKind,
} from './token-failure.ts'
import type { WireAnswer } from './wire-answer.ts'

/** What is needed to judge an answer. */
export interface AnswerContext {
  readonly url: URL
  readonly now: number
  /** Secrets that went into the request: an answer may echo them. */
  readonly secrets: readonly Secret[]
}

/**
 * Classifies an answer that is no token by HTTP status, `error`, `suberror` and `claims`; AADSTS
 * numbers choose the remedy and tell passing faults apart. RFC 6749 section 5.2.
 */
export function classifyFailure(answer: WireAnswer, context: AnswerContext): TokenFailure {
  const evidence = readEvidence(answer, context.secrets)
  const hint = findAadstsHint(evidence.errorCodes ?? [])
  const kind = kindOf(answer, evidence, hint)
  const asked = readRetryAfter(answer.headers, context.now)
  const retryAfterMs = kind === 'throttled' ? (asked ?? fallbackRetryAfterMs) : asked
  const claims = evidence.error === undefined ? undefined : readClaims(answer)
  const clockOffsetMs = readClockOffset(answer, evidence, context.now)
  const remedy = hint?.remedy ?? remedyOf(kind, answer)
  return tokenFailure(kind, describe(answer, context, evidence, hint), {
    effect: effectOf(kind, answer.status, evidence),
    upstream: evidence,
    retry: retryOf(kind, hint),
    ...(retryAfterMs === undefined || !isTransient(kind) ? {} : { retryAfterMs }),
    ...(hint?.retry === 'after_change' ? { settlesAfterChange: true } : {}),
    ...(claims === undefined ? {} : { claims }),
    ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
    ...(remedy === undefined ? {} : { remedy }),
  })
}

/**
 * A clear no of the OAuth server spends nothing, and neither does a request that was turned away
 * for load. Any other answer may come from something in between, after the server did its part.
 */
function effectOf(
  kind: TokenFailureKind,
  status: number,
  { error }: UpstreamEvidence,
): TokenFailure['effect'] {
  if (kind === 'throttled' || status === 429 || status === 503) return 'none'
  return status >= 400 && status < 500 && error !== undefined ? 'none' : 'unknown'
}

const longestClaims = 8_192

function readClaims({ json }: WireAnswer): string | undefined {
  const claims = json?.['claims']
  const isUsable = typeof claims === 'string' && claims !== '' && claims.length <= longestClaims
  return isUsable ? claims : undefined
}

const assertionOutsideItsTime = 700024

/** How far the provider’s clock is ahead, when it refused an assertion for its time. */
function readClockOffset(
  { headers }: WireAnswer,
  { error, errorCodes = [], message = '' }: UpstreamEvidence,
  now: number,
): number | undefined {
  const isAboutTime =
    errorCodes.includes(assertionOutsideItsTime) ||
    (error === 'invalid_client' &&
      /assertion|jwt/i.test(message) &&
      /expired|not (?:yet )?(?:valid|active)|time range|in the future|"?(?:exp|nbf|iat)"? claim/i.test(
        message,
      ))
  const providerTime = readProviderTime(headers)
  return isAboutTime && providerTime !== undefined ? providerTime - now : undefined
}

function kindOf(
  answer: WireAnswer,
  { error, suberror }: UpstreamEvidence,
  hint: AadstsHint | undefined,
): TokenFailureKind {
  const { status } = answer
  if (status === 429 || hint?.retry === 'throttle') return 'throttled'
  if (status >= 500 || status === 408 || hint?.retry === 'backoff') return 'unavailable'
  if (error === 'temporarily_unavailable' || error === 'server_error') return 'unavailable'
  if (status < 400) return 'invalid_answer'
  if (error === undefined) return status === 401 ? 'client_rejected' : 'invalid_answer'
  if (error === 'invalid_client') return 'client_rejected'
  if (error === 'consent_required' || suberror === 'consent_required') return 'consent_required'
  if (wantsSomeone(answer, error, suberror)) return 'interaction_required'
  if (error === 'invalid_grant') return 'grant_lapsed'
  if (status === 401 && error !== 'unauthorized_client') return 'client_rejected'
  return 'request_rejected'
}

const wishesForSomeone: ReadonlySet<string> = new Set([
  'interaction_required',
  'login_required',
  'account_selection_required',
  'mfa_required',
])

const somethingToDoFirst: ReadonlySet<string> = new Set([
  'basic_action',
  'additional_action',
  'message_only',
  'user_password_expired',
  'protection_policy_required',
  'device_authentication_failed',
])

function wantsSomeone(answer: WireAnswer, error: string, suberror: string | undefined): boolean {
  if (wishesForSomeone.has(error)) return true
  if (suberror !== undefined && somethingToDoFirst.has(suberror)) return true
  return readClaims(answer) !== undefined
}

function retryOf(kind: TokenFailureKind, hint: AadstsHint | undefined): RetryClass {
  if (isTransient(kind)) return 'backoff'
  return hint === undefined || hint.retry === 'probe' ? 'probe' : 'never'
}

function remedyOf(kind: TokenFailureKind, { status, json }: WireAnswer): string | undefined {
  if (kind !== 'invalid_answer') return undefined
  if (status === 404)
    return 'Correct the authority or issuer: there is no token endpoint at that address.'
  if (json?.['error'] !== undefined) return undefined
  return 'See that the authority or issuer is right, and that no proxy or sign-in portal answers in the provider’s place.'
}

function describe(
  answer: WireAnswer,
  { url }: AnswerContext,
  { error, message }: UpstreamEvidence,
  hint: AadstsHint | undefined,
): string {
  const outcome = [`${url.host} answered ${answer.status}`, error].filter(Boolean).join(' ')
  if (message !== undefined) return `${outcome}: ${message}`
  if (hint !== undefined) return `${outcome}: ${hint.title}`
  if (error !== undefined) return outcome
  return `${outcome} with ${describeBody(answer)} instead of an OAuth answer`
}

/** Says what kind of body came, never what stands in it. */
export function describeBody(answer: WireAnswer): string {
  if (answer.isCut) return 'more than 1 MiB'
  if (answer.text.trim() === '') return 'an empty body'
  if (answer.json !== undefined) return 'other JSON'
  const type = answer.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === 'text/html' || /^\s*<(?:!doctype|html)/i.test(answer.text)) return 'a web page'
  if (type === 'text/plain') return 'plain text'
  if (!/json/.test(type)) return 'something unreadable'
  return isJson(answer.text) ? 'JSON that is no object' : 'broken JSON'
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Takes from an answer what a support ticket needs, with every known secret removed. */
export function readEvidence(answer: WireAnswer, secrets: readonly Secret[]): UpstreamEvidence {
  const { json = {} } = answer
  const text = (name: string): string | undefined => {
    const value = json[name]
    return typeof value === 'string' && value !== '' ? redact(value, secrets) : undefined
  }
  const description = text('error_description')
  const error = text('error')?.slice(0, 100)
  const suberror = text('suberror')?.slice(0, 100)
  const traceId = text('trace_id')?.slice(0, 100)
  const correlationId = text('correlation_id')?.slice(0, 100)
  const requestId = answer.headers.get('x-ms-request-id')
  const errorCodes = readCodes(json['error_codes'], description ?? plainText(answer))
  return {
    status: answer.status,
    ...(error === undefined ? {} : { error }),
    ...(suberror === undefined ? {} : { suberror }),
    ...(errorCodes.length === 0 ? {} : { errorCodes }),
    ...(description === undefined ? {} : { message: withoutTrailer(description) }),
    ...(traceId === undefined ? {} : { traceId }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(requestId === null ? {} : { requestId: redact(requestId, secrets).slice(0, 100) }),
  }
}

function readCodes(listed: unknown, description: string | undefined): readonly number[] {
  const found = Array.isArray(listed)
    ? listed
    : [...(description ?? '').matchAll(/AADSTS(\d{4,9})/g)].map((match) => match[1])
  return found
    .map(Number)
    .filter((code) => Number.isSafeInteger(code) && code > 0)
    .slice(0, 10)
}

/** The beginning of a body that is no JSON: Entra throttles in plain text. */
function plainText({ json, text }: WireAnswer): string | undefined {
  return json === undefined ? text.slice(0, 2_000) : undefined
}

/** Entra ends its descriptions with ids that the evidence holds already. */
function withoutTrailer(description: string): string {
  return description.replace(/\s*Trace ID:.*$/s, '').trim()
}
