import type { Clock } from '../kernel/index.ts'
import { describeTransportError } from './describe-transport-error.ts'
import { tokenFailure, type TokenFailure } from './token-failure.ts'

/** What a request goes out through. TLS is verified by `fetch`; an own CA comes with it. */
export interface Transport {
  readonly fetch: typeof fetch
  readonly clock: Clock
}

/** How long one request to a provider may take, its body included (milliseconds). */
export const requestDeadlineMs = 10_000

/** A deadline that is told so much too late was slept through, not waited for (milliseconds). */
const lateMs = 2_000

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
  const { clock } = transport
  const startTick = clock.monotonic()
  let hasAnswer = false
  const expire = (): void => {
    const reason = new DeadlineError('deadline')
    controller.abort(reason)
    expired.reject(reason)
  }
  let cancel = clock.schedule(deadlineMs, () => {
    const isLate = clock.monotonic() - startTick > deadlineMs + lateMs
    // A process that was stopped wakes with its deadline gone, and perhaps the rest of the answer at
    // its door: a refresh token in it is worth a moment.
    if (hasAnswer && isLate) cancel = clock.schedule(lateMs, expire)
    else expire()
  })
  const send: typeof fetch = async (input, init) => {
    try {
      const response = await transport.fetch(input, init)
      hasAnswer = true
      return response
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
    { effect: 'unknown' },
  )
}
