import { EvergrantError, redact, type Secret, type UpstreamEvidence } from '../kernel/index.ts'
import { deltaResetOf, type DeltaReset } from './delta-reset.ts'
import type { TransportAnswer } from './transport.ts'

/** What an answer of Graph means for the walk. */
export type AnswerClass =
  | { readonly kind: 'success' }
  /** Try the same request again: after `retryAfterMs` if Graph said so, else with backoff. */
  | { readonly kind: 'transient'; readonly error: EvergrantError; readonly isThrottled: boolean }
  /** The token was refused, or something about it; the grants room decides. */
  | { readonly kind: 'unauthorized'; readonly error: EvergrantError }
  | { readonly kind: 'page_token_expired'; readonly error: EvergrantError }
  /** Graph gives the list, but not with these of the selected columns. */
  | {
      readonly kind: 'columns_refused'
      readonly columns: readonly string[]
      readonly error: EvergrantError
    }
  | { readonly kind: 'page_too_large'; readonly maximum: number; readonly error: EvergrantError }
  /** What a delta stood on is gone: only a full read tells what has changed. */
  | { readonly kind: 'delta_reset'; readonly reason: DeltaReset; readonly error: EvergrantError }
  /** No retry helps; a person must act. */
  | { readonly kind: 'refused'; readonly error: EvergrantError }

interface GraphError {
  readonly code: string
  readonly message: string
}

/** Statuses that pass by themselves (Graph answers 500 and 502 for passing faults, too). */
const transientStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504, 509])

/** Properties of a user that Graph cannot list, though it names none of them when it refuses. */
const oneUserOnly: ReadonlySet<string> = new Set([
  'aboutMe',
  'birthday',
  'hireDate',
  'interests',
  'mailboxSettings',
  'mySite',
  'pastProjects',
  'preferredName',
  'responsibilities',
  'schools',
  'skills',
])

/** Longest wait that a Retry-After can impose, in milliseconds. */
const maxRetryAfterMs = 3_600_000
/** As much of Graph's own words as is kept, in characters; its real messages are shorter. */
const longestMessage = 1_000

/**
 * Tells what an answer means. Pure. Branches on the status and Graph's error code; of messages only
 * those that carry a number or a name we need.
 *
 * @param columns The selected columns, to name the one that a refusal is about.
 * @param now Wall clock (epoch ms), for a Retry-After given as a date.
 * @param token The token that was sent; what quotes it is redacted before anything is kept.
 * @param permission The application permission that is enough, for the remedy.
 */
export function classifyAnswer(
  answer: TransportAnswer,
  columns: readonly string[],
  now: number,
  token: Secret,
  permission?: string,
): AnswerClass {
  const { status, headers } = answer
  if (status === 200) return { kind: 'success' }
  const graph = graphError(answer, token)
  const upstream = evidence(answer, graph, token)
  const said = `Graph answered ${status}${graph.code === '' ? '' : ` ${graph.code}`}${
    graph.message === '' ? '' : `: ${graph.message}`
  }`
  const problem = (
    code: EvergrantError['code'],
    options: { readonly remedy?: string; readonly retryAfterMs?: number } = {},
  ): EvergrantError => new EvergrantError(code, said, { upstream, ...options })

  if (status === 401) return { kind: 'unauthorized', error: problem('token_refused') }
  if (graph.code === 'Directory_ExpiredPageToken') {
    return { kind: 'page_token_expired', error: problem('walk_restarts_exhausted') }
  }
  const reason = deltaResetOf(status, headers, graph)
  if (reason !== undefined) {
    return { kind: 'delta_reset', reason, error: problem('graph_request_rejected') }
  }
  if (transientStatuses.has(status) || graph.code === 'Request_ThrottledTemporarily') {
    const wait = retryAfterMs(headers['retry-after'], now)
    const options = wait === undefined ? {} : { retryAfterMs: wait }
    return {
      kind: 'transient',
      error: problem('graph_unavailable', options),
      isThrottled: status === 429 || graph.code === 'Request_ThrottledTemporarily',
    }
  }
  const refused = columnsRefused(status, graph, columns, problem)
  if (refused !== undefined) return refused
  if (status === 403) return { kind: 'refused', error: forbidden(permission, problem) }
  if (status === 501) return { kind: 'refused', error: problem('graph_property_unsupported') }
  if (status === 400) {
    const maximum = /page size[^]*?between \d+ and (\d+)/i.exec(graph.message)?.[1]
    if (maximum !== undefined) {
      const error = problem('graph_request_rejected')
      return { kind: 'page_too_large', maximum: Number(maximum), error }
    }
    return { kind: 'refused', error: problem('graph_request_rejected') }
  }
  if (status >= 300 && status < 400) {
    // Redirects are never followed with a token.
    return { kind: 'refused', error: problem('graph_answer_invalid') }
  }
  if (status === 404) {
    return {
      kind: 'refused',
      error: problem('graph_answer_invalid', {
        remedy: 'See that `graph` of the provider names Microsoft Graph of the right cloud.',
      }),
    }
  }
  return { kind: 'refused', error: problem('graph_request_rejected') }
}

type MakeProblem = (
  code: EvergrantError['code'],
  options?: { readonly remedy?: string },
) => EvergrantError

/** Which of the selected columns a refusal is about; undefined when it is about something else. */
function columnsRefused(
  status: number,
  graph: GraphError,
  columns: readonly string[],
  problem: MakeProblem,
): Extract<AnswerClass, { readonly kind: 'columns_refused' }> | undefined {
  const those = (is: (column: string) => boolean): readonly string[] => columns.filter(is)
  const refused = (
    guilty: readonly string[],
    code: EvergrantError['code'],
    remedy: string,
  ): ReturnType<typeof columnsRefused> =>
    guilty.length === 0
      ? undefined
      : { kind: 'columns_refused', columns: guilty, error: problem(code, { remedy }) }

  // Graph's answer names the permission or the licence, not the property that needs it.
  const guarded = those((column) => column.toLowerCase() === 'signinactivity')
  if (status === 403 && graph.code === 'Authentication_MSGraphPermissionMissing') {
    const remedy = `Grant the application permission AuditLog.Read.All with admin consent, or leave ${guarded.join(', ')} out.`
    return refused(guarded, 'graph_property_forbidden', remedy)
  }
  if (status === 403 && graph.code.startsWith('Authentication_RequestFromNonPremiumTenant')) {
    const remedy = `Leave ${guarded.join(', ')} out: Graph tells it of tenants with a licence of Microsoft Entra ID P1 or P2 alone.`
    return refused(guarded, 'graph_property_forbidden', remedy)
  }
  if (status === 501) {
    const guilty = those((column) => oneUserOnly.has(column))
    const remedy = `Leave ${guilty.join(', ')} out of --select: Graph gives that for one user at a time only.`
    return refused(guilty, 'graph_property_unsupported', remedy)
  }
  const named = status === 400 ? /property named '(\w+)'/i.exec(graph.message)?.[1] : undefined
  const guilty = those((column) => column.toLowerCase() === named?.toLowerCase())
  const remedy = `Correct ${guilty.join(', ')} in --select or \`columns\`, or leave it out: Graph knows no such property.`
  return refused(guilty, 'graph_request_rejected', remedy)
}

function forbidden(permission: string | undefined, problem: MakeProblem): EvergrantError {
  if (permission === undefined) return problem('graph_permission_missing')
  return problem('graph_permission_missing', {
    remedy: `Grant the application permission ${permission} (or Directory.Read.All) and admin consent in the Entra admin center.`,
  })
}

/** Reads Graph's error object; empty texts where the body is none. */
function graphError(answer: TransportAnswer, token: Secret): GraphError {
  const nothing = { code: '', message: '' }
  if (answer.body.length > 65_536) return nothing
  try {
    const parsed: unknown = JSON.parse(answer.body.toString('utf8'))
    if (typeof parsed !== 'object' || parsed === null || !('error' in parsed)) return nothing
    const { error } = parsed
    if (typeof error !== 'object' || error === null) return nothing
    const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
    const message = 'message' in error && typeof error.message === 'string' ? error.message : ''
    return { code: quotable(code, token).slice(0, 100), message: quotable(message, token) }
  } catch {
    return nothing
  }
}

/** Foreign text as it may stand in logs and terminals: one line, bounded, without the token. */
function quotable(text: string, token: Secret): string {
  const plain = redact(text, [token]).replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')
  return plain.length > longestMessage ? `${plain.slice(0, longestMessage)}…` : plain
}

function evidence(answer: TransportAnswer, graph: GraphError, token: Secret): UpstreamEvidence {
  const requestId = answer.headers['request-id']
  return {
    status: answer.status,
    ...(graph.code === '' ? {} : { error: graph.code }),
    ...(graph.message === '' ? {} : { message: graph.message }),
    ...(requestId === undefined ? {} : { requestId: quotable(requestId, token).slice(0, 100) }),
  }
}

/**
 * Reads Retry-After (RFC 9110 section 10.2.3): seconds or a date; undefined when absent or
 * unreadable.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  const isSeconds = /^\d+(\.\d+)?$/.test(text)
  // Date.parse makes a date of nearly anything, "-5" included; an HTTP-date begins with a day's name.
  const wait = isSeconds ? Number(text) * 1_000 : httpDate(text) - now
  if (Number.isNaN(wait)) return undefined
  return Math.min(Math.max(Math.ceil(wait), 0), maxRetryAfterMs)
}

function httpDate(text: string): number {
  return /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN
}
