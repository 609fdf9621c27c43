import { EvergrantError, type ErrorCode } from '../kernel/index.ts'

/** Why no answer came, or not all of it. */
export interface UpstreamFailure {
  readonly error: EvergrantError
  /** Whether it tells that the API cannot be reached; counts for the circuit. */
  readonly isUnreachable: boolean
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
    isUnreachable: true,
    isReset: false,
  })

  if (code === 'EGRESS_REFUSED') {
    const error = new EvergrantError('egress_refused', messageOf(first), { cause })
    return { error, isUnreachable: false, isReset: false }
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT' || code === 'PROXY_TIMEOUT') {
    const error = say('upstream_timeout', 'opened no connection in time')
    return { error, isUnreachable: true, isReset: false }
  }
  if (code.startsWith('PROXY_')) return unreachable(`is not reached: ${messageOf(first)}`)
  if (code === 'ECONNREFUSED') return unreachable('refuses connections')
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return unreachable('has no address')
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return unreachable('has no route to it')
  if (code === 'UND_ERR_INVALID_ARG') {
    const error = new EvergrantError(
      'request_malformed',
      `the request cannot be sent on: ${messageOf(first)}`,
      { cause },
    )
    return { error, isUnreachable: false, isReset: false }
  }
  const isUnparsed = first instanceof Error && first.name === 'HTTPParserError'
  if (isUnparsed || /^HPE_|^UND_ERR_(?:HEADERS_OVERFLOW|RES_|REQ_CONTENT)/.test(code)) {
    const error = say('upstream_answer_invalid', 'sent what is not HTTP, or too long a head')
    return { error, isUnreachable: false, isReset: false }
  }
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE') {
    return { error: say('upstream_unreachable', 'hung up'), isUnreachable: true, isReset: true }
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|ISSUER|ALTNAME/.test(code)) {
    return unreachable(`is not trusted: ${messageOf(first)}`)
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
