import { systemClock, type Clock } from '../../src/kernel/index.ts'

/** A clock that runs like the host's, but for which every sleep is over at once. */
export interface SkippingClock extends Clock {
  /** Moves time forward. */
  skip(milliseconds: number): void
  /** How long everyone has slept so far, in milliseconds of this clock. */
  slept(): number
}

/** Makes one; shared with the simulator, both sides agree on how much time has passed. */
export function createSkippingClock(): SkippingClock {
  let offset = 0
  let slept = 0
  return {
    now: () => systemClock.now() + Math.round(offset),
    monotonic: () => systemClock.monotonic() + offset,
    sleep: async (milliseconds, { signal } = {}) => {
      signal?.throwIfAborted()
      offset += Math.max(milliseconds, 0)
      slept += Math.max(milliseconds, 0)
      await new Promise((resolve) => setImmediate(resolve))
      signal?.throwIfAborted()
    },
    schedule: (milliseconds, task) => systemClock.schedule(milliseconds, task),
    skip: (milliseconds) => {
      offset += milliseconds
    },
    slept: () => slept,
  }
}
