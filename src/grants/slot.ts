import type { AccessToken, EvergrantError } from '../kernel/index.ts'
import { remainingLifeMs, wholeLifeMs } from '../kernel/index.ts'
import type { RetryClass } from '../oauth/index.ts'
import type { RefreshPolicy } from './connection.ts'
import type { RulingSpending } from './ruling-budget.ts'

/** A token in use, with the two points that rule its renewal (epoch ms). */
export interface HeldToken {
  readonly token: AccessToken
  /** From here on a renewal runs in the background. */
  readonly softAt: number
  /** From here on a caller waits for the renewal. */
  readonly hardAt: number
  /** True when it was obtained because its predecessor was refused. */
  readonly isForced: boolean
}

/** The last renewal that failed. */
export interface SlotFailure {
  readonly error: EvergrantError
  readonly retry: RetryClass
  /** How many in a row failed in the same way, at least 1. */
  readonly attempts: number
  readonly at: number
  /** When the next attempt may be made; undefined when only a change or an operator can help. */
  readonly retryAt?: number
  /** Terminal failures: when to look next whether credentials or store have changed. */
  readonly recheckAt?: number
}

/** Everything known in memory about one token slot. A value: transitions make a new one. */
export interface Slot {
  readonly held?: HeldToken
  readonly failure?: SlotFailure
  /** The provider asked everyone to stay away until then. */
  readonly block?: { readonly until: number; readonly error: EvergrantError }
  /** Tokens an API refused, newest last, at most eight. They are never handed out again. */
  readonly refused: readonly AccessToken[]
  /** When renewals forced without a ruling turned out fruitless: their token was refused again. */
  readonly fruitlessAt: readonly number[]
  /** What each ruling had renewed lately, at most 64 of them. */
  readonly rulings: readonly RulingSpending[]
}

/** The slot before anything happened. */
export const emptySlot: Slot = { refused: [], fruitlessAt: [], rulings: [] }

/** How long before expiry a renewal starts unless the connection says otherwise (ms). */
export const defaultBeforeMs = 5 * 60_000

/** How far ahead of our clock a stored token may claim to be issued (ms). */
export const futureToleranceMs = 60_000

/** Returns the held token while it lives; a token in the future of a turned-back clock does not. */
export function usableToken(slot: Slot, now: number): HeldToken | undefined {
  const { held } = slot
  if (held === undefined || remainingLifeMs(held.token, now) <= 0) return undefined
  return held.token.issuedAt > now + futureToleranceMs ? undefined : held
}

/** Tells whether an API has refused that very token. */
export function isRefused(slot: Slot, token: AccessToken): boolean {
  return slot.refused.some((other) => other === token || other.secret.equals(token.secret))
}

/** Shortens a token’s life to the assumed one, where that is shorter. */
export function capLife(token: AccessToken, policy: RefreshPolicy): AccessToken {
  const { assumedLifeMs } = policy
  if (assumedLifeMs === undefined || wholeLifeMs(token) <= assumedLifeMs) return token
  return { ...token, expiresAt: token.issuedAt + assumedLifeMs }
}

/** How long before expiry callers wait for a renewal: a minute, or a tenth of a short life (ms). */
export function hardMarginMs(token: AccessToken): number {
  return Math.min(60_000, wholeLifeMs(token) / 10)
}

/**
 * Computes soft and hard point. The soft point is `beforeMs` before expiry, never earlier than half
 * of the life; an earlier wish of the provider or `maxAgeMs` wins.
 *
 * @param jitter Stable fraction of the grant, 0 to 1: spreads renewals over a tenth of the window.
 */
export function holdToken(
  token: AccessToken,
  policy: RefreshPolicy,
  jitter: number,
  isForced = false,
): HeldToken {
  const { issuedAt, expiresAt, refreshAt } = token
  const halfLife = wholeLifeMs(token) / 2
  const window = Math.min(policy.beforeMs ?? defaultBeforeMs, halfLife)
  const hardAt = Math.floor(expiresAt - hardMarginMs(token))
  let softAt = Math.max(expiresAt - window - (jitter * window) / 10, issuedAt + halfLife)
  if (refreshAt !== undefined && refreshAt < softAt) {
    softAt = refreshAt + (jitter * (softAt - refreshAt)) / 10
  }
  if (policy.maxAgeMs !== undefined) softAt = Math.min(softAt, issuedAt + policy.maxAgeMs)
  return { token, softAt: Math.min(Math.ceil(softAt), hardAt), hardAt, isForced }
}
