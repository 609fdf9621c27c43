import { EvergrantError, formatDuration, remainingLifeMs, wholeLifeMs } from '../kernel/index.ts'
import { exchangeGate, type ClosedGate } from './exchange-gate.ts'
import { recheckAfterMs } from './reduce.ts'
import { withWait } from './with-wait.ts'
import { hardMarginMs, usableToken, type HeldToken, type Slot } from './slot.ts'

/** What a caller wants of a token. Durations in milliseconds. */
export interface Ask {
  /** Hard: a token that lives shorter is of no use. */
  readonly minRemainingMs: number
  /** A token that lives shorter is renewed first, if that works; at most half of a life counts. */
  readonly renewBelowMs: number
  /** A new token is wanted although the old one is good. */
  readonly isForced: boolean
  /** An operator asks: backoff, budget and terminal state do not count; Retry-After does. */
  readonly isOverride: boolean
  /** He also decided to send a refresh token again whose fate is unknown (false by default). */
  readonly mayResend?: boolean
}

/** The ask of a caller without wishes. */
export const plainAsk: Ask = {
  minRemainingMs: 0,
  renewBelowMs: 0,
  isForced: false,
  isOverride: false,
}

/**
 * What a renewal may do: send a token request, or only look whether credentials or the stored token
 * have changed.
 */
export type RenewalScope = 'exchange' | 'recheck'

/** What to do about an ask. */
export type Decision =
  /** Hand out this token at once; `renew` starts a renewal in the background. */
  | {
      readonly kind: 'serve'
      readonly held: HeldToken
      readonly renew: RenewalScope | 'nothing'
      readonly warning?: EvergrantError
    }
  /** Wait for a renewal. */
  | { readonly kind: 'wait'; readonly renew: RenewalScope }
  | { readonly kind: 'refuse'; readonly error: EvergrantError }

/**
 * Decides what happens to an ask, from the slot and the instant alone. It never serves a dead or
 * refused token, never refuses while a token lives that satisfies the ask, and never lets a request
 * out while the provider asked to stay away.
 */
export function decide(slot: Slot, now: number, ask: Ask): Decision {
  const held = usableToken(slot, now)
  const gate = exchangeGate(slot, now)
  if (held === undefined) {
    if (gate.isOpen || overrides(ask, gate)) return { kind: 'wait', renew: 'exchange' }
    if (isRecheckDue(slot, now, gate)) return { kind: 'wait', renew: 'recheck' }
    return refuse(gate, now)
  }
  const remaining = remainingLifeMs(held.token, now)
  const isTooShort = remaining < ask.minRemainingMs
  if (isTooShort && isJustIssued(held, now)) {
    return { kind: 'refuse', error: lifeTooShort(remaining, ask.minRemainingMs) }
  }
  const isUrgent = isTooShort || mustWait(held, now, ask)
  if (isUrgent && (gate.isOpen || overrides(ask, gate))) return { kind: 'wait', renew: 'exchange' }
  if (gate.isOpen) {
    const { failure } = slot
    if (now < held.softAt) return { kind: 'serve', held, renew: 'nothing' }
    const warning = failure === undefined ? {} : { warning: failure.error }
    return { kind: 'serve', held, renew: 'exchange', ...warning }
  }
  if (isTooShort) {
    if (isRecheckDue(slot, now, gate)) return { kind: 'wait', renew: 'recheck' }
    return refuse(gate, now)
  }
  if (!isUrgent && now < held.softAt) return { kind: 'serve', held, renew: 'nothing' }
  const renew = isRecheckDue(slot, now, gate) ? 'recheck' : 'nothing'
  return { kind: 'serve', held, renew, warning: gate.error }
}

/** The error with the wait that is left now. */
function refuse({ error, until }: ClosedGate, now: number): Decision {
  return { kind: 'refuse', error: withWait(error, until === undefined ? undefined : until - now) }
}

function overrides(ask: Ask, gate: ClosedGate): boolean {
  return ask.isOverride && gate.why !== 'blocked'
}

function isRecheckDue({ failure }: Slot, now: number, gate: ClosedGate): boolean {
  if (gate.why !== 'terminal' || failure?.recheckAt === undefined) return false
  return now >= failure.recheckAt || failure.recheckAt - now > recheckAfterMs
}

function mustWait(held: HeldToken, now: number, ask: Ask): boolean {
  if (ask.isForced || now >= held.hardAt) return true
  return remainingLifeMs(held.token, now) < Math.min(ask.renewBelowMs, wholeLifeMs(held.token) / 2)
}

/** A token this young would not be replaced by one that lives longer. */
function isJustIssued(held: HeldToken, now: number): boolean {
  return now - held.token.issuedAt < hardMarginMs(held.token)
}

/** The error for a fresh token that does not live as long as the caller needs. */
export function lifeTooShort(remainingMs: number, wantedMs: number): EvergrantError {
  return new EvergrantError(
    'token_life_too_short',
    `at least ${formatDuration(wantedMs)} of life were asked for, but a fresh token has ${formatDuration(remainingMs)}`,
  )
}
