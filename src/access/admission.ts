import { EvergrantError, type Clock } from '../kernel/index.ts'
import type { Caller } from './caller.ts'

/** Ends what was admitted; further calls do nothing. */
export type Release = () => void

/** Lets callers in as fast as they may, by each one's limits. */
export interface Admission {
  /**
   * Lets one request of a caller in. What is refused costs the caller nothing.
   *
   * @returns What to call when the request is over, or `caller_throttled` with how long to wait:
   *   exact for the rate, a second for concurrency, whose end nobody knows.
   */
  admit(caller: Caller): Release | EvergrantError
  /** Callers that something is remembered of. */
  size(): number
}

/**
 * What is remembered of a caller. The rate is one instant (the "virtual scheduling" form of a token
 * bucket): when the bucket will be full again.
 */
interface Usage {
  fullAt: number
  underWay: number
}

/** Asks about concurrency are worth another try after this (ms). */
const concurrencyRetryMs = 1_000
/** As many callers are remembered before those that are idle are forgotten. */
const firstSweepAt = 1_024
/** Rounding of a floating point clock, far below what anyone could use (ms). */
const roundingMs = 1e-6

const nothing: Release = () => {}

/** Makes the admission of one process: limits hold for each node by itself. */
export function createAdmission(clock: Pick<Clock, 'monotonic'>): Admission {
  const usages = new Map<string, Usage>()
  let sweepAt = firstSweepAt

  /** Whoever is idle with a full bucket is as good as new. */
  const sweep = (now: number): void => {
    for (const [id, { underWay, fullAt }] of usages) {
      if (underWay === 0 && fullAt <= now) usages.delete(id)
    }
    sweepAt = Math.max(firstSweepAt, usages.size * 2)
  }

  return {
    size: () => usages.size,
    admit: (caller) => {
      const { ratePerSecond, concurrency } = caller.limits
      if (ratePerSecond === undefined && concurrency === undefined) return nothing
      const now = clock.monotonic()
      let usage = usages.get(caller.id)
      if (usage === undefined) {
        if (usages.size >= sweepAt) sweep(now)
        usage = { fullAt: now, underWay: 0 }
        usages.set(caller.id, usage)
      }
      if (concurrency !== undefined && usage.underWay >= concurrency) {
        return throttled(
          `caller "${caller.name}" has ${usage.underWay} requests under way and may have ${concurrency}`,
          concurrencyRetryMs,
        )
      }
      if (ratePerSecond !== undefined) {
        const everyMs = 1_000 / ratePerSecond
        // A full bucket holds a second's worth, and one request at least.
        const burstMs = Math.max(1, ratePerSecond) * everyMs
        const fullAt = Math.max(usage.fullAt, now) + everyMs
        const waitMs = fullAt - burstMs - now
        if (waitMs > roundingMs) {
          return throttled(
            `caller "${caller.name}" may make ${ratePerSecond} requests a second`,
            waitMs,
          )
        }
        usage.fullAt = fullAt
      }
      const counted = usage
      counted.underWay++
      let isOver = false
      return () => {
        if (isOver) return
        isOver = true
        counted.underWay--
      }
    },
  }
}

function throttled(detail: string, waitMs: number): EvergrantError {
  return new EvergrantError('caller_throttled', detail, {
    retryAfterMs: Math.ceil(waitMs - roundingMs),
  })
}
