import { remainingLifeMs } from '../kernel/index.ts'
import type { RefreshPolicy } from './connection.ts'
import type { TokenSlotRecord } from './ports.ts'
import type { RenewalPurpose } from './purpose.ts'
import {
  capLife,
  futureToleranceMs,
  hardMarginMs,
  holdToken,
  usableToken,
  type HeldToken,
  type Slot,
} from './slot.ts'

/** What a stored token is judged by. */
export interface JudgedBy {
  readonly slot: Slot
  readonly purpose: RenewalPurpose
  readonly policy: RefreshPolicy
  readonly jitter: number
  /** The instant that the slot lives in (epoch ms). */
  readonly instant: number
  /** The wall clock (epoch ms). */
  readonly now: number
}

/** Returns the stored token when it serves the purpose better than the one in memory. */
export function adoptable(
  stored: TokenSlotRecord | undefined,
  { slot, purpose, policy, jitter, instant, now }: JudgedBy,
): HeldToken | undefined {
  if (stored?.token === undefined || purpose.isOverride === true) return undefined
  if (purpose.claims !== undefined && stored.claims !== purpose.claims) return undefined
  const token = capLife(stored.token, policy)
  if (token.issuedAt > now + futureToleranceMs) return undefined
  if (token.issuedAt <= (purpose.issuedAfter ?? Number.NEGATIVE_INFINITY)) return undefined
  const neededMs = Math.max(purpose.needMs, hardMarginMs(token))
  if (remainingLifeMs(token, instant) <= neededMs) return undefined
  const held = holdToken(token, policy, jitter)
  const isDue = slot.held !== undefined || purpose.isDue === true
  return isDue && instant >= held.softAt ? undefined : held
}

/**
 * Returns the stored token when it lives, though not long enough to be adopted, and there is none
 * in memory: it serves should the provider give no better one.
 */
export function fallback(
  stored: TokenSlotRecord | undefined,
  { slot, purpose, policy, jitter, instant, now }: JudgedBy,
): HeldToken | undefined {
  if (stored?.token === undefined || usableToken(slot, instant) !== undefined) return undefined
  const { reason, issuedAfter = Number.NEGATIVE_INFINITY } = purpose
  if (reason === 'claims_challenge') return undefined
  const token = capLife(stored.token, policy)
  if (reason === 'rejected' && token.issuedAt <= issuedAfter) return undefined
  if (token.issuedAt > now + futureToleranceMs) return undefined
  if (remainingLifeMs(token, Math.max(instant, now)) <= 0) return undefined
  return holdToken(token, policy, jitter)
}
