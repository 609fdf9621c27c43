import { EvergrantError } from '../kernel/index.ts'
import { longestRetryAfterMs } from '../oauth/index.ts'
import { longestBackoffMs, probePausesMs } from './reduce.ts'
import { budgetWindowMs, fruitlessBudget } from './ruling-budget.ts'
import type { Slot } from './slot.ts'

/** Why no token request may be sent now, and until when. */
export interface ClosedGate {
  readonly isOpen: false
  readonly why: 'blocked' | 'budget' | 'backoff' | 'terminal'
  /** When it opens by itself (epoch ms); undefined when it does not. */
  readonly until: number | undefined
  /** The same object as long as the reason is the same. */
  readonly error: EvergrantError
}

/** Whether a token request may be sent now. */
export type ExchangeGate = { readonly isOpen: true } | ClosedGate

const open: ExchangeGate = { isOpen: true }

/**
 * Tells whether a slot may send a token request. A wait longer than any that is ever imposed means
 * that the clock was turned back, and counts as over.
 */
export function exchangeGate(slot: Slot, now: number): ExchangeGate {
  const { block, failure } = slot
  if (block !== undefined && isAhead(block.until, now, longestRetryAfterMs)) {
    return { isOpen: false, why: 'blocked', ...block }
  }
  const fruitless = slot.fruitlessAt.filter((at) =>
    isAhead(at + budgetWindowMs, now, budgetWindowMs),
  )
  if (fruitless.length >= fruitlessBudget) {
    const until = (fruitless.at(-fruitlessBudget) ?? now) + budgetWindowMs
    return { isOpen: false, why: 'budget', until, error: refusedAgain() }
  }
  if (failure === undefined) return open
  const { retryAt: until, retry, error } = failure
  if (retry === 'backoff') {
    const isWaiting = until !== undefined && isAhead(until, now, longestBackoffMs)
    return isWaiting ? { isOpen: false, why: 'backoff', until, error } : open
  }
  const longestPause = probePausesMs.at(-1) ?? 0
  const isWaiting = until === undefined || isAhead(until, now, longestPause)
  return isWaiting ? { isOpen: false, why: 'terminal', until, error } : open
}

function isAhead(instant: number, now: number, longest: number): boolean {
  return now < instant && instant - now <= longest
}

function refusedAgain(): EvergrantError {
  return new EvergrantError(
    'token_refused',
    `${fruitlessBudget} fresh tokens in a row were refused within five minutes`,
  )
}
