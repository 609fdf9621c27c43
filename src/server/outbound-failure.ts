/**
 * What can go wrong before a request leaves, as the code of the error that says so. Whatever bears
 * one of these has not reached the provider.
 */
export type OutboundFailureCode =
  | 'PROXY_AUTH_REQUIRED'
  | 'PROXY_TUNNEL_REFUSED'
  | 'PROXY_TARGET_UNREACHABLE'
  | 'PROXY_REFUSED'
  | 'PROXY_UNRESOLVED'
  | 'PROXY_UNREACHABLE'
  | 'PROXY_TLS'
  | 'PROXY_RESET'
  | 'PROXY_TIMEOUT'
  | 'PROXY_ANSWER_INVALID'
  | 'CONNECT_RESET'

/**
 * A connection that did not come about. Its message names the proxy by host and port, and holds
 * neither credentials nor the target’s path.
 */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  readonly code: OutboundFailureCode

  constructor(code: OutboundFailureCode, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.code = code
  }
}

/** Says why a proxy could not be spoken to, from Node’s error. */
export function proxyUnreachable(proxy: string, cause: Error): OutboundError {
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  const say = (failure: OutboundFailureCode, words: string): OutboundError =>
    new OutboundError(failure, `the proxy ${proxy} ${words}${code && ` (${code})`}`, { cause })
  if (code === 'ECONNREFUSED') return say('PROXY_REFUSED', 'refuses the connection')
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return say('PROXY_UNRESOLVED', 'has no address')
  if (code === 'ECONNRESET' || code === 'EPIPE') return say('PROXY_RESET', 'hung up')
  if (code.startsWith('HPE_')) return say('PROXY_ANSWER_INVALID', 'does not answer in HTTP')
  if (/CERT|TLS|SSL|SELF_SIGNED|ISSUER|ALTNAME|EPROTO/.test(code)) {
    return say('PROXY_TLS', 'is not trusted: its TLS certificate or handshake fails')
  }
  return say('PROXY_UNREACHABLE', 'cannot be reached')
}

/** Says why a proxy opened no tunnel, from the status it answered. */
export function tunnelRefused(proxy: string, status: number): OutboundError {
  const say = (failure: OutboundFailureCode, words: string): OutboundError =>
    new OutboundError(failure, `the proxy ${proxy} ${words} (${status})`)
  if (status === 407) return say('PROXY_AUTH_REQUIRED', 'refuses our credentials, or wants some')
  if (status >= 502 && status <= 504) {
    return say('PROXY_TARGET_UNREACHABLE', 'could not reach the destination')
  }
  return say('PROXY_TUNNEL_REFUSED', 'does not permit the destination')
}

/** A proxy that took too long. */
export function tunnelTimedOut(proxy: string, milliseconds: number): OutboundError {
  const words = `gave no answer within ${milliseconds / 1_000} seconds`
  return new OutboundError('PROXY_TIMEOUT', `the proxy ${proxy} ${words}`)
}

/**
 * Marks an error of a connection being opened, where its code alone would not tell that nothing was
 * sent yet.
 */
export function whileOpening(error: Error): Error {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (code !== 'ECONNRESET' && code !== 'EPIPE') return error
  const message = `the connection was reset while it was being opened (${code})`
  return new OutboundError('CONNECT_RESET', message, { cause: error })
}
