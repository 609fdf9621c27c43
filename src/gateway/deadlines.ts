import type { Clock } from '../kernel/index.ts'
import { Roster } from './roster.ts'

/** Something that must not stay as it is for longer than a while. */
export interface Watched {
  /** By the clock’s `monotonic`; moved ahead by whoever makes progress. */
  deadlineAt: number
  /** Where it stands among what is watched; `-1` at first, and then the watch’s own. */
  watchPlace: number
  /**
   * Called once when the deadline has passed; it is not watched any more then, unless it is added
   * again. What it throws is its own affair: the others are looked at all the same.
   */
  expire(): void
}

/** Watches any number of deadlines with one timer. */
export interface Deadlines {
  /** Nothing happens when it is watched already. */
  add(watched: Watched): void
  remove(watched: Watched): void
  /** How many are watched. */
  readonly size: number
  close(): void
}

/**
 * Makes a watch that looks every `everyMs`: a deadline is noticed at most so much too late. One
 * timer runs while anything is watched, and none when nothing is.
 */
export function createDeadlines(clock: Clock, everyMs: number): Deadlines {
  const watched = new Roster<Watched>(
    (one) => one.watchPlace,
    (one, place) => {
      one.watchPlace = place
    },
  )
  let cancel: (() => void) | undefined
  let isClosed = false

  const look = (): void => {
    cancel = undefined
    const now = clock.monotonic()
    for (const one of watched.all()) {
      if (one.deadlineAt > now || one.watchPlace < 0) continue
      watched.remove(one)
      try {
        one.expire()
      } catch {
        // One that goes astray must not take the deadlines of all others with it.
      }
    }
    arm()
  }
  const arm = (): void => {
    if (cancel !== undefined || watched.size === 0 || isClosed) return
    cancel = clock.schedule(everyMs, look)
  }

  return {
    add: (one) => {
      if (one.watchPlace < 0) watched.add(one)
      if (cancel === undefined) arm()
    },
    remove: (one) => {
      watched.remove(one)
    },
    get size() {
      return watched.size
    },
    close: () => {
      isClosed = true
      cancel?.()
      cancel = undefined
    },
  }
}
