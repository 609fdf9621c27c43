import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How late the event loop of this thread was (ms). */
export interface LoopDelay {
  readonly p50: number
  readonly p99: number
  readonly most: number
  /**
   * How long a request that arrives at any moment would have waited at most, in 99 of 100 cases: a
   * stall counts as long as it lasts, not as one late tick.
   */
  readonly p99OfArrivals: number
}

/** Between two looks at the loop (ms); counts as delay, so that nothing measures less than it. */
const everyMs = 1

/** Watches the event loop of this thread until the returned function is called. */
export function watchLoop(): () => LoopDelay {
  const ticks = monitorEventLoopDelay({ resolution: everyMs })
  const stalls: number[] = []
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    stalls.push(now - last)
    last = now
  }, everyMs)
  ticks.enable()
  return () => {
    ticks.disable()
    clearInterval(timer)
    const ms = (nanoseconds: number): number => nanoseconds / 1e6
    return {
      p50: ms(ticks.percentile(50)),
      p99: ms(ticks.percentile(99)),
      most: ms(ticks.max),
      p99OfArrivals: waitOfArrivals(stalls, 0.99),
    }
  }
}

/**
 * Of all moments within these stalls, the wait until the stall's end that so large a share of the
 * moments does not exceed. A stall of `s` holds moments that wait for anything from 0 to `s`.
 */
export function waitOfArrivals(stalls: readonly number[], share: number): number {
  const sorted = stalls.toSorted((a, b) => b - a)
  const total = sorted.reduce((sum, stall) => sum + stall, 0)
  const beyond = total * (1 - share)
  // With the k longest stalls beyond it, a wait of w leaves Σ (stall − w) of the time above it.
  let sum = 0
  for (const [index, stall] of sorted.entries()) {
    sum += stall
    const wait = (sum - beyond) / (index + 1)
    if (wait >= (sorted[index + 1] ?? 0)) return wait
  }
  return 0
}
