import type { RequestKind, SimulatedRequest } from './answer.ts'

/** How Graph throttles, when it does. */
export interface ThrottleOptions {
  /** Tenant size class: 3,500, 5,000 or 8,000 resource units per 10 seconds. Default `L`. */
  readonly size?: 'S' | 'M' | 'L'
  /** Units that can be spent at once. Default: ten seconds' worth. */
  readonly burstUnits?: number
  readonly unitsPerSecond?: number
  /** Seconds to stay away; `null` leaves Retry-After out. Default: until a unit is there again. */
  readonly retryAfterSeconds?: number | null
  /** Calling before Retry-After ended begins the penalty anew. Default true. */
  readonly restartPenalty?: boolean
  /**
   * How long answers take at least while nothing is spent, and once everything is, in milliseconds:
   * Graph was seen to go from 113 to about 1,000 before its first 429. Default: load costs no
   * time.
   */
  readonly latencyUnderLoadMs?: readonly [idle: number, spent: number]
  /**
   * Whether answers say how much is spent, from 0.8 on, as `x-ms-throttle-limit-percentage`. It is
   * documented, and was not seen. Default false.
   */
  readonly tellsShare?: boolean
}

/** What a charge came to. */
export type Charge =
  | { readonly isThrottled: false; readonly usedShare: number }
  | {
      readonly isThrottled: true
      /** How much of what can be spent at once is spent; above 1 there is a debt. */
      readonly usedShare: number
      /** Whole seconds; undefined leaves the header out. */
      readonly retryAfterSeconds: number | undefined
      readonly category: string
    }

/** One bucket for each application in each tenant, as Graph keeps them. */
export interface Throttle {
  readonly latencyUnderLoadMs: ThrottleOptions['latencyUnderLoadMs'] | undefined
  readonly tellsShare: boolean
  /** Takes `units` at `now` (epoch ms). Throttled calls are charged as well: the strict reading. */
  charge(key: string, units: number, now: number): Charge
  /** Makes every call of `key` be throttled for `seconds` from `now`. */
  penalize(key: string, seconds: number, now: number): void
  reset(): void
}

const sizes = {
  S: { units: 3_500, category: 'aadgraph.app.tenant_small' },
  M: { units: 5_000, category: 'aadgraph.app.tenant_medium' },
  L: { units: 8_000, category: 'aadgraph.app.tenant_large' },
} as const

interface Bucket {
  units: number
  at: number
  penaltyUntil: number
  penaltySeconds: number
}

/** Makes the buckets; without options only penalties throttle. */
export function createThrottle(options: ThrottleOptions | undefined): Throttle {
  const buckets = new Map<string, Bucket>()
  const size = sizes[options?.size ?? 'L']
  const perSecond = options?.unitsPerSecond ?? size.units / 10
  const burst = options === undefined ? Infinity : (options.burstUnits ?? size.units)
  const restartPenalty = options?.restartPenalty ?? true
  const bucketOf = (key: string, now: number): Bucket => {
    const known = buckets.get(key)
    if (known !== undefined) return known
    const bucket = { units: burst, at: now, penaltyUntil: 0, penaltySeconds: 0 }
    buckets.set(key, bucket)
    return bucket
  }
  const penalize = (bucket: Bucket, seconds: number, now: number): void => {
    bucket.penaltySeconds = seconds
    bucket.penaltyUntil = now + seconds * 1_000
  }
  const shareOf = ({ units }: Bucket): number =>
    burst === Infinity ? 0 : (burst - units) / Math.max(1, burst)
  const refused = (bucket: Bucket, now: number): Charge => ({
    isThrottled: true,
    usedShare: shareOf(bucket),
    retryAfterSeconds:
      options?.retryAfterSeconds === null
        ? undefined
        : Math.max(1, Math.ceil((bucket.penaltyUntil - now) / 1_000)),
    category: size.category,
  })
  return {
    latencyUnderLoadMs: options?.latencyUnderLoadMs,
    tellsShare: options?.tellsShare ?? false,
    charge: (key, units, now) => {
      const bucket = bucketOf(key, now)
      const refilled = bucket.units + (Math.max(0, now - bucket.at) / 1_000) * perSecond
      bucket.units = Math.min(burst, refilled) - units
      bucket.at = now
      if (now < bucket.penaltyUntil) {
        if (restartPenalty) penalize(bucket, bucket.penaltySeconds, now)
        return refused(bucket, now)
      }
      if (bucket.units >= 0) return { isThrottled: false, usedShare: shareOf(bucket) }
      // The debt is bounded, or a client that never waits would be shut out for good.
      bucket.units = Math.max(bucket.units, -burst)
      // As long as it takes until the same call can be paid for.
      const untilRefilled = Math.max(1, Math.ceil((units - bucket.units) / perSecond))
      penalize(bucket, options?.retryAfterSeconds ?? untilRefilled, now)
      return refused(bucket, now)
    },
    penalize: (key, seconds, now) => penalize(bucketOf(key, now), seconds, now),
    reset: () => buckets.clear(),
  }
}

/** Base costs as documented; whatever is not listed costs 1. Older documents say 3 for getByIds. */
const baseUnits: Readonly<Partial<Record<RequestKind, number>>> = {
  users: 2,
  members: 3,
  memberOf: 4,
  myMemberOf: 2,
  getByIds: 5,
}

/**
 * Resource units of a request: its base, less one for `$select`, less one for a `$top` below 20,
 * one more for `$expand`, at least 1.
 *
 * @see https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
 */
export function unitsOf({ kind, query }: Pick<SimulatedRequest, 'kind' | 'query'>): number {
  const top = query.get('$top')
  const saved = (query.has('$select') ? 1 : 0) + (top !== null && Number(top) < 20 ? 1 : 0)
  return Math.max(1, (baseUnits[kind] ?? 1) - saved + (query.has('$expand') ? 1 : 0))
}
