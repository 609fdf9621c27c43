import type { Clock } from '../kernel/index.ts'

/** How often it is looked whether this thread comes to its work in time (ms). */
const everyMs = 50
/** What lies further back than this counts for less than half (ms). */
const memoryMs = 2_000

/** Tells how late this thread comes to what is waiting for it. */
export interface HostLag {
  /** How long an answer has lately waited on average until it was taken in (ms). */
  lateMs(): number
  stop(): void
}

/**
 * Measures by a timer how late this thread is: because it has too much to do, or because the host
 * gives it no time. What is late for a timer is late for an answer of Graph as well.
 */
export function watchHost(clock: Pick<Clock, 'monotonic' | 'schedule'>): HostLag {
  let seenAt = clock.monotonic()
  let late = 0
  let cancel: () => void = () => {}

  /** Half of the time that a timer is late is what something waits that comes at any moment of it. */
  const withSample = (now: number): number => {
    const passed = Math.max(now - seenAt, 0)
    const overdue = Math.max(passed - everyMs, 0)
    const weight = 1 - Math.exp(-passed / memoryMs)
    return late + (overdue / 2 - late) * weight
  }
  const look = (): void => {
    const now = clock.monotonic()
    late = withSample(now)
    seenAt = now
    next()
  }
  const next = (): void => {
    cancel = clock.schedule(everyMs, look)
  }
  next()
  return {
    // What is overdue at this moment has not come to its timer yet.
    lateMs: () => withSample(clock.monotonic()),
    stop: () => cancel(),
  }
}
