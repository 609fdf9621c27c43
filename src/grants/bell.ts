import type { Clock } from '../kernel/index.ts'

/** Wakes everyone who waits for another process, because that process may be done. */
export interface Bell {
  /** Ends every pause at once. */
  ring(): void
  /** Ends every pause and lets none begin: there is nothing more to wait for. */
  close(): void
  readonly isClosed: boolean
  /** Resolves after `milliseconds`, or sooner when the bell rings. Leaves no timer behind. */
  pause(milliseconds: number): Promise<void>
}

/** Makes the bell of one engine. */
export function createBell(clock: Clock): Bell {
  const sleepers = new Set<AbortController>()
  let isClosed = false
  const ring = (): void => {
    for (const sleeper of sleepers) sleeper.abort()
  }
  return {
    ring,
    close: () => {
      isClosed = true
      ring()
    },
    get isClosed() {
      return isClosed
    },
    pause: async (milliseconds) => {
      if (isClosed) return
      const sleeper = new AbortController()
      sleepers.add(sleeper)
      try {
        await clock.sleep(milliseconds, { signal: sleeper.signal })
      } catch (error) {
        if (!sleeper.signal.aborted) throw error
      } finally {
        sleepers.delete(sleeper)
      }
    },
  }
}
