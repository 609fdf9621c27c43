import type { Clock } from '../kernel/index.ts'

/** Holds back every worker of a process while Graph asks for quiet. No slow start. */
export interface Pacer {
  /** Lets no request begin for the next `milliseconds`; overlapping pauses merge. */
  pause(milliseconds: number): void
  /** Milliseconds until requests may begin again; 0 when they may now. */
  remainingMs(): number
  /** Resolves when requests may begin. */
  ready(signal?: AbortSignal): Promise<void>
}

/** Makes a pacer; one is shared by all workers that spend the same application's budget. */
export function createPacer(clock: Clock): Pacer {
  let openAt = Number.NEGATIVE_INFINITY
  const remainingMs = (): number => Math.max(openAt - clock.monotonic(), 0)
  return {
    pause: (milliseconds) => {
      openAt = Math.max(openAt, clock.monotonic() + milliseconds)
    },
    remainingMs,
    ready: async (signal) => {
      for (;;) {
        const wait = remainingMs()
        if (wait === 0) return
        await clock.sleep(wait, signal === undefined ? {} : { signal })
      }
    },
  }
}
