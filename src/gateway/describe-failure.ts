import { EvergrantError, isEvergrantError, type ErrorCode } from '../kernel/index.ts'

/** Why no answer came, or not all of it. */
export interface UpstreamFailure {
  readonly error: EvergrantError
  /** What it tells the circuit; nothing where the API had no part in it. */
  readonly tells: 'unreachable' | 'reachable' | 'nothing'
  /** Whether the connection broke where a server may just have closed an idle one. */
  readonly isReset: boolean
}

/**
 * Says what a failed exchange with an API means.
 *
 * @param origin For messages.
 */
export function describeFailure(cause: unknown, origin: string): UpstreamFailure {
  const first = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause
  const code = codeOf(first)
  const say = (errorCode: ErrorCode, words: string): EvergrantError =>
    new EvergrantError(errorCode, `${origin} ${words}${code === '' ? '' : ` (${code})`}`, {
      cause,
      ...(errorCode === 'egress_refused' ? {} : { retryAfterMs: 1_000 }),
    })
  const unreachable = (words: string): UpstreamFailure => ({
    error: say('upstream_unreachable', words),
    tells: 'unreachable',
    isReset: false,
  })
  const ours = (error: EvergrantError): UpstreamFailure => ({
    error,
    tells: 'nothing',
    isReset: false,
  })

  if (isEvergrantError(first)) return ours(first)

  if (code === 'EGRESS_REFUSED') {
    return ours(new EvergrantError('egress_refused', messageOf(first), { cause }))
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT' || code === 'PROXY_TIMEOUT') {
    const error = say('upstream_timeout', 'opened no connection in time')
    return { error, tells: 'unreachable', isReset: false }
  }
  if (code.startsWith('PROXY_')) return unreachable(`is not reached: ${messageOf(first)}`)
  if (code === 'ECONNREFUSED') return unreachable('refuses connections')
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return unreachable('has no address')
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return unreachable('has no route to it')
  if (code === 'UND_ERR_INVALID_ARG') {
    const words = `the request cannot be sent on: ${messageOf(first)}`
    return ours(new EvergrantError('request_malformed', words, { cause }))
  }
  if (code === 'UND_ERR_CLOSED' || code === 'UND_ERR_DESTROYED') {
    return ours(say('upstream_unreachable', 'is not called any more: its connections were closed'))
  }
  const isUnparsed = first instanceof Error && first.name === 'HTTPParserError'
  if (isUnparsed || /^HPE_|^UND_ERR_(?:HEADERS_OVERFLOW|RES_|REQ_CONTENT)/.test(code)) {
    const error = say('upstream_answer_invalid', 'sent what is not HTTP, or too long a head')
    return { error, tells: 'reachable', isReset: false }
  }
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE') {
    return { error: say('upstream_unreachable', 'hung up'), tells: 'unreachable', isReset: true }
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|ISSUER|ALTNAME/.test(code)) {
    return unreachable(`is not trusted: ${messageOf(first)}`)
  }
  if (code === '' && (first instanceof TypeError || first instanceof RangeError)) {
    return ours(new EvergrantError('internal', 'the call met a fault', { cause }))
  }
  return unreachable('could not be called')
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 300) : 'for a reason unknown'
}
