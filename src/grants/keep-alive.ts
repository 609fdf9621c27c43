import type { ConnectionDefinition } from './connection.ts'

/** The longest time a refresh token is left unused (ms). */
export const longestIdleMs = 7 * 86_400_000

/** What the next renewal without a caller depends on. Instants are epoch ms. */
export interface KeepAliveFacts {
  readonly now: number
  /** Soft point of the token just obtained. */
  readonly softAt: number
  /** When the refresh token dies, where the provider said so. */
  readonly refreshExpiresAt?: number
  /** Stable fraction of the grant, 0 to 1. */
  readonly jitter: number
}

/**
 * Tells when a grant wants to be renewed although nobody asks; undefined: never. A refresh token is
 * used before a quarter of its known life has passed, at the latest after a week, and earlier by a
 * stable part of up to a tenth; `keepWarm` renews at the token’s soft point.
 */
export function keepAliveAt(
  { grant, provider, refresh }: ConnectionDefinition,
  facts: KeepAliveFacts,
): number | undefined {
  const { now, softAt, refreshExpiresAt, jitter } = facts
  const wishes: number[] = []
  if (refresh?.keepWarm === true) wishes.push(softAt)
  if (grant === 'authorization_code') {
    const lives = [provider.refreshIdleMs, refreshExpiresAt && refreshExpiresAt - now]
      .filter((life) => life !== undefined)
      .map((life) => Math.max(life, 0) / 4)
    wishes.push(now + Math.min(longestIdleMs, ...lives) * (1 - jitter / 10))
  }
  return wishes.length === 0 ? undefined : Math.floor(Math.min(...wishes))
}
