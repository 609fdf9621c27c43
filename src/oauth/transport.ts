import type { Clock } from '../kernel/index.ts'
import { tokenFailure, type TokenFailure } from './token-failure.ts'

/** What a request goes out through. TLS is verified by `fetch`; an own CA comes with it. */
export interface Transport {
  readonly fetch: typeof fetch
  readonly clock: Clock
}

/** How long one request to a provider may take, its body included (milliseconds). */
export const requestDeadlineMs = 10_000

/** A request that failed below HTTP; the original error is its cause. Never leaves this room. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  constructor(cause: unknown) {
    super('the request failed below HTTP', { cause })
  }
}

class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

/**
 * Runs one request with its reading under a deadline and turns everything that fails below HTTP
 * into a failure value. Any other error is a fault and is thrown on.
 *
 * @param url Where the request goes; only its host appears in the failure.
 * @param run Must hand `send` the real fetch arguments and pass `signal` on.
 */
export async function underDeadline<T>(
  transport: Transport,
  url: URL,
  run: (send: typeof fetch, signal: AbortSignal) => Promise<T>,
  deadlineMs = requestDeadlineMs,
): Promise<{ readonly done: T } | { readonly failed: TokenFailure }> {
  const controller = new AbortController()
  const expired = Promise.withResolvers<never>()
  expired.promise.catch(() => {})
  const cancel = transport.clock.schedule(deadlineMs, () => {
    const reason = new DeadlineError('deadline')
    controller.abort(reason)
    expired.reject(reason)
  })
  const send: typeof fetch = async (input, init) => {
    try {
      return await transport.fetch(input, init)
    } catch (error) {
      throw new TransportError(error)
    }
  }
  try {
    const work = run(send, controller.signal)
    work.catch(() => {})
    return { done: await Promise.race([work, expired.promise]) }
  } catch (error) {
    if (controller.signal.aborted) return { failed: timedOut(url, deadlineMs) }
    if (error instanceof TransportError) return { failed: describeTransportError(error.cause, url) }
    throw error
  } finally {
    cancel()
  }
}

function timedOut(url: URL, deadlineMs: number): TokenFailure {
  return tokenFailure(
    'timeout',
    `${url.host} gave no whole answer within ${deadlineMs / 1_000} seconds`,
  )
}

/** Codes of Node, OpenSSL and undici, as reason and remedy. */
const reasons: Readonly<Record<string, readonly [reason: string, remedy?: string]>> = {
  ENOTFOUND: [
    'its name does not resolve',
    'Check the host name, DNS and whether a proxy is needed.',
  ],
  EAI_AGAIN: ['the name server does not answer', 'Check DNS on this machine.'],
  ECONNREFUSED: ['nothing listens there', 'Check host and port, and that the server runs.'],
  ECONNRESET: ['the connection was reset'],
  EPIPE: ['the connection was reset'],
  UND_ERR_SOCKET: ['the connection broke'],
  ETIMEDOUT: [
    'the connection timed out',
    'Check firewall and proxy between here and the provider.',
  ],
  UND_ERR_CONNECT_TIMEOUT: [
    'the connection timed out',
    'Check firewall and proxy between here and the provider.',
  ],
  EHOSTUNREACH: ['there is no route to it'],
  ENETUNREACH: ['there is no network'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is self-signed', trust()],
  SELF_SIGNED_CERT_IN_CHAIN: ['its certificate chain ends in an unknown authority', trust()],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['its certificate’s authority is unknown', trust()],
  UNABLE_TO_GET_ISSUER_CERT: ['its certificate’s authority is unknown', trust()],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['its certificate’s authority is unknown', trust()],
  CERT_HAS_EXPIRED: [
    'its certificate has expired',
    'Have the certificate renewed, and check this machine’s clock.',
  ],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', 'Check this machine’s clock.'],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'its certificate is for another name',
    'Use the name the certificate was made for.',
  ],
  ERR_SSL_WRONG_VERSION_NUMBER: ['it does not speak TLS on that port', 'Check scheme and port.'],
}

function trust(): string {
  return 'Add the authority’s certificate to `network.ca` (or NODE_EXTRA_CA_CERTS); verification is never switched off.'
}

/** Says readably why a host could not be reached: which host, which code, what that means. */
export function describeTransportError(cause: unknown, url: URL): TokenFailure {
  if (isForbiddenPort(cause)) {
    return tokenFailure(
      'unreachable',
      `${url.host} could not be reached: fetch never calls that port`,
      {
        remedy:
          'Use another port: this one belongs to another protocol (see the Fetch standard, “port blocking”).',
      },
    )
  }
  const code = findCode(cause)
  const [reason, remedy] = reasons[code ?? ''] ?? ['the request failed below HTTP']
  return tokenFailure(
    'unreachable',
    `${url.host} could not be reached: ${reason}${code === undefined ? '' : ` (${code})`}`,
    remedy === undefined ? {} : { remedy },
  )
}

function isForbiddenPort(error: unknown): boolean {
  return (
    error instanceof Error && error.cause instanceof Error && error.cause.message === 'bad port'
  )
}

/** Finds the first code in an error, its causes and its aggregated errors. */
function findCode(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 5) return undefined
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown }
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code)) return code
  const inner = Array.isArray(errors) ? findCode(errors[0], depth + 1) : undefined
  return inner ?? findCode(cause, depth + 1)
}
