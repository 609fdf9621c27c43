import type { Journal } from './journal.ts'
import type { CollectionEffort, CollectionRecord, RunTotals } from './ports.ts'

/** The counters of a run that tell what reading has cost. */
const costs = [
  'requests',
  'units',
  'throttled',
  'pausedMs',
  'waitedMs',
  'retries',
  'refreshes',
  'bytes',
  'activeMs',
] as const

/** Tells the collections of a run apart in its counters. */
export interface EffortMeter {
  /** The pace was lowered to so many requests in flight. */
  lowered(slots: number): void
  /** What the collection that was just read has cost; `before` are those read before it. */
  taken(before: readonly CollectionRecord[]): CollectionEffort
}

/** Makes the meter of one session. */
export function createEffortMeter(journal: Pick<Journal, 'totals'>): EffortMeter {
  let fewest: number | undefined
  return {
    lowered: (slots) => {
      fewest = Math.min(fewest ?? slots, slots)
    },
    taken: (before) => {
      const effort = effortSince(journal.totals(), before)
      const slots = fewest === undefined ? {} : { fewestSlots: fewest }
      fewest = undefined
      return { ...effort, ...slots }
    },
  }
}

/**
 * What a run's counters hold beyond what its collections have cost so far: collections are read one
 * after the other, so it is what the one under way has cost, sessions that were killed included.
 */
export function effortSince(
  totals: RunTotals,
  before: readonly Pick<CollectionRecord, 'effort'>[],
): CollectionEffort {
  const left = costs.map((cost) => {
    const spent = before.reduce((sum, { effort }) => sum + (effort?.[cost] ?? 0), 0)
    return [cost, Math.max(totals[cost] - spent, 0)] as const
  })
  return Object.fromEntries(left) as Record<(typeof costs)[number], number>
}
