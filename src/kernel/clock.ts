/** Where a room gets its time from; injected, so that tests move it instead of waiting. */
export interface Clock {
  /** The instant, as integer epoch milliseconds. */
  now(): number
  /** Milliseconds that never run backwards; only differences mean anything. */
  monotonic(): number
  /**
   * Resolves after `milliseconds` of this clock. Rejects with the signal's reason as soon as
   * `signal` aborts.
   */
  sleep(milliseconds: number, options?: { readonly signal?: AbortSignal }): Promise<void>
  /**
   * Runs `task` once after `milliseconds`; the returned function cancels it. Never keeps a process
   * alive.
   */
  schedule(milliseconds: number, task: () => void): () => void
}

/** Longest delay a JavaScript timer can hold; longer waits are taken in steps. */
const maxTimerMs = 2_147_483_647

/** The host's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (milliseconds, options = {}) => {
    let remaining = milliseconds
    while (remaining > maxTimerMs) {
      await sleepOnce(maxTimerMs, options.signal)
      remaining -= maxTimerMs
    }
    await sleepOnce(remaining, options.signal)
  },
  schedule: (milliseconds, task) => {
    let timer: NodeJS.Timeout
    const arm = (remaining: number): void => {
      const step = Math.min(Math.max(remaining, 0), maxTimerMs)
      const wake = remaining > maxTimerMs ? (): void => arm(remaining - step) : task
      timer = setTimeout(wake, step)
      timer.unref()
    }
    arm(milliseconds)
    return () => clearTimeout(timer)
  },
}

function sleepOnce(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error)
      return
    }
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      },
      Math.max(milliseconds, 0),
    )
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Moves time forward, waking every sleeper and task that falls due, in order. */
  advance(milliseconds: number): Promise<void>
  /** Sets the wall clock alone, as an operator or a time daemon would; sleepers do not notice. */
  set(epochMs: number): void
  /** How many sleepers and tasks are waiting. */
  pending(): number
}

/** Lets promise reactions run that a wake-up has set off. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

interface Waiter {
  readonly dueAt: number
  readonly wake: () => void
}

/** Makes a clock that tests drive by hand; it starts at `startAt` (epoch milliseconds). */
export function createManualClock(startAt = 1_700_000_000_000): ManualClock {
  let wall = startAt
  let ticks = 0
  let waiters: Waiter[] = []
  const add = (milliseconds: number, wake: () => void): (() => void) => {
    const waiter = { dueAt: ticks + Math.max(milliseconds, 0), wake }
    waiters.push(waiter)
    return () => {
      waiters = waiters.filter((other) => other !== waiter)
    }
  }
  return {
    now: () => wall,
    monotonic: () => ticks,
    sleep: (milliseconds, options = {}) =>
      new Promise((resolve, reject) => {
        const { signal } = options
        if (signal?.aborted === true) {
          reject(signal.reason as Error)
          return
        }
        const onAbort = (): void => {
          cancel()
          reject(signal?.reason as Error)
        }
        const cancel = add(milliseconds, () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        })
        signal?.addEventListener('abort', onAbort, { once: true })
      }),
    schedule: (milliseconds, task) => add(milliseconds, task),
    advance: async (milliseconds) => {
      const target = ticks + milliseconds
      await settle()
      for (;;) {
        const next = waiters
          .filter((waiter) => waiter.dueAt <= target)
          .toSorted((a, b) => a.dueAt - b.dueAt)[0]
        if (next === undefined) break
        wall += Math.max(next.dueAt - ticks, 0)
        ticks = Math.max(next.dueAt, ticks)
        waiters = waiters.filter((waiter) => waiter !== next)
        next.wake()
        await settle()
      }
      wall += target - ticks
      ticks = target
      await settle()
    },
    set: (epochMs) => {
      wall = epochMs
    },
    pending: () => waiters.length,
  }
}
