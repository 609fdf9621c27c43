import { EvergrantError } from '../kernel/index.ts'
import type { UpstreamLane } from './upstream-plan.ts'

/** What a call waits for, so that a missed deadline can be told. */
export type Wait = 'look_up' | 'token' | 'connection' | 'caller' | 'answer' | 'body'

/** How long a caller may be looked up, longer than a store ever takes (ms). */
export const lookUpMs = 60_000
/** How long a token may be waited for, longer than the engine ever does (ms). */
export const tokenWaitMs = 60_000
/** How long an answer of ours may take to be read by the caller (ms). */
export const lastWordMs = 10_000

/** A deadline that passed before there was anything to answer. */
export interface MissedDeadline {
  readonly error: EvergrantError
  /** Whether it tells that the API cannot be reached. */
  readonly isOfApi: boolean
}

/**
 * Says what it means that something did not come in time.
 *
 * @param isHeldUp Whether the body waits for the API, not for the caller.
 */
export function missedDeadline(
  wait: Wait,
  lane: UpstreamLane | undefined,
  isHeldUp: boolean,
): MissedDeadline {
  if (lane === undefined || wait === 'look_up') return ours(lookUpMissed())
  if (wait === 'token') return ours(tokenMissed())
  if (wait === 'caller' && !isHeldUp) {
    return ours(new EvergrantError('request_timeout', 'its body stopped coming'))
  }
  const { headersMs, idleMs } = lane.settings.timeouts
  const words = {
    connection: 'no connection was free or opened in time',
    caller: `${lane.origin} took nothing of the body for ${idleMs / 1_000} s`,
    answer: `${lane.origin} sent nothing for ${headersMs / 1_000} s`,
    body: `${lane.origin} sent no more for ${idleMs / 1_000} s`,
  }[wait]
  return {
    error: new EvergrantError('upstream_timeout', words, { retryAfterMs: 1_000 }),
    // Where others have connections, there was none left: that tells nothing about the API.
    isOfApi: wait !== 'connection' || lane.load.sending === 0,
  }
}

/** The store did not say who calls. */
export function lookUpMissed(): EvergrantError {
  const words = 'the caller was not looked up in time'
  return new EvergrantError('store_unavailable', words, { retryAfterMs: 5_000 })
}

/** Nobody gave a token. */
export function tokenMissed(): EvergrantError {
  return new EvergrantError('token_unavailable', 'no token came in time', { retryAfterMs: 5_000 })
}

function ours(error: EvergrantError): MissedDeadline {
  return { error, isOfApi: false }
}
