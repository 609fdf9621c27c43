import { isCertainlyGone, type ProcessIdentity } from '../kernel/index.ts'
import type { Flight, RefreshIntent, RenewalView } from './ports.ts'

/** How long an exchange is held before others may take it over (ms). */
export const leaseMs = 15_000

/** A lease that ends later than this after now is of a clock that was turned back (ms). */
const longestLeaseMs = 4 * leaseMs

/** What a plan rests on besides the view. */
export interface PlanFacts {
  readonly now: number
  readonly identity: ProcessIdentity
  /** Undefined for grants of the application, which redeem no refresh token. */
  readonly rotation: 'overlap' | 'strict' | undefined
  readonly rotationGraceMs: number
  /** An operator decided to send a token again whose fate is unknown. */
  readonly mayResend: boolean
}

/** What to do about a token that has to be obtained. */
export type ExchangePlan =
  /** Claim the exchange and send it, pushing aside whoever is named. */
  | {
      readonly kind: 'send'
      readonly displaces?: Flight
      readonly resends?: { readonly intent: RefreshIntent; readonly by: 'grace' | 'operator' }
    }
  /** A living process is about to answer this. */
  | { readonly kind: 'wait'; readonly flight: Flight }
  /** The refresh token may have been spent, and nobody may send it again by himself. */
  | { readonly kind: 'unknown' }

/**
 * Decides whether an exchange may be sent; pure. A living holder is never pushed aside. A refresh
 * token of a `strict` provider that was perhaps spent is sent again only by an operator’s decision,
 * or once, within the grace counted from its first sending.
 */
export function planExchange(view: RenewalView, facts: PlanFacts): ExchangePlan {
  const { slot, intent, grant } = view
  const flight = slot?.flight
  if (flight !== undefined && isHeld(flight, facts)) return { kind: 'wait', flight }
  const displaces = flight === undefined ? {} : { displaces: flight }
  if (facts.rotation === undefined) return { kind: 'send', ...displaces }
  if (facts.rotation === 'overlap') {
    if (intent === undefined) return { kind: 'send', ...displaces }
    // Left over from a time when the provider was said to be strict.
    return { kind: 'send', ...displaces, resends: { intent, by: 'grace' } }
  }
  if (intent === undefined) {
    const isUnknown = grant.refreshToken?.unknownSince !== undefined
    return isUnknown && !facts.mayResend ? { kind: 'unknown' } : { kind: 'send', ...displaces }
  }
  if (!intent.isUnknown && isHeld(intent, facts)) return { kind: 'wait', flight: intent }
  if (facts.mayResend) return { kind: 'send', ...displaces, resends: { intent, by: 'operator' } }
  const isInTime =
    facts.now >= intent.startedAt && facts.now <= resendUntil(intent, facts.rotationGraceMs)
  if (intent.resends > 0 || !isInTime || facts.rotationGraceMs === 0) return { kind: 'unknown' }
  return { kind: 'send', ...displaces, resends: { intent, by: 'grace' } }
}

/**
 * Until when a token may be sent again within its grace (epoch ms): the provider counts it from the
 * first arrival, which was not before the journal’s entry, and the way there takes its time.
 */
export function resendUntil({ startedAt }: RefreshIntent, graceMs: number): number {
  return startedAt + graceMs - Math.min(1_000, graceMs / 10)
}

function isHeld(flight: Flight, { now, identity }: PlanFacts): boolean {
  const leftMs = flight.leaseUntil - now
  return leftMs > 0 && leftMs <= longestLeaseMs && !isCertainlyGone(flight.owner, identity)
}
