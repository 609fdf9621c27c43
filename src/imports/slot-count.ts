/** How many requests may be in flight; fewer while Graph shows signs of labour. */
export interface SlotCount {
  now(): number
  /**
   * A request was answered after `ms`; `busy` were in flight at most since the slots last changed.
   *
   * @param lateMs How late this host takes answers in.
   * @returns Whether answers have become slow, and by whose doing: there are fewer slots now where
   *   it is Graph's.
   */
  answered(kind: string, ms: number, busy: number, lateMs: () => number): Slowness
  /**
   * Graph throttles, or says that it is about to.
   *
   * @returns Whether there are fewer slots now.
   */
  strained(busy: number): boolean
}

/** Who made answers slow, if they have become so since they were last looked at. */
export type Slowness = 'none' | 'graph' | 'host'

/** So many answers of a kind are looked at together. */
const answersInView = 16
/** Answers that take twice as long as they did at best are a sign, if it is this much longer. */
const [driftFactor, leastDriftMs] = [2, 50]
const narrowing = 0.75
/**
 * A page comes in ten turns of the thread and more (its request, its head, pieces of its body),
 * each of which waits for the whole of the one before. A thread that is so late says nothing of
 * Graph.
 */
const tooLateMs = 20

interface Pace {
  latencies: number[]
  /** The best median so far. */
  best?: number
  /** The median that slots were narrowed at, until it shows whether that helped. */
  onTrial?: number
}

/** Makes the slots of one run: `most` from its first request on. */
export function createSlotCount(most: number): SlotCount {
  const paces = new Map<string, Pace>()
  let slots = most

  const narrow = (busy: number): boolean => {
    const before = slots
    slots = Math.max(1, Math.floor(Math.min(slots, busy) * narrowing))
    for (const pace of paces.values()) pace.latencies = []
    return slots < before
  }

  return {
    now: () => slots,
    strained: narrow,
    answered: (kind, ms, busy, lateMs) => {
      const pace = paces.get(kind) ?? { latencies: [] }
      paces.set(kind, pace)
      pace.latencies.push(ms)
      if (pace.latencies.length < answersInView) return 'none'
      const median = medianOf(pace.latencies)
      pace.latencies = []
      const best = Math.min(pace.best ?? median, median)
      pace.best = best
      const hasDrifted = median > best * driftFactor && median > best + leastDriftMs
      // Fewer requests would not make this host faster, only the run slower.
      if (hasDrifted && lateMs() >= tooLateMs) return 'host'
      if (pace.onTrial !== undefined && median > pace.onTrial * 0.8) {
        // Fewer requests have not made it faster: the slowness is not of our making.
        delete pace.onTrial
        pace.best = median
        slots = most
      } else if (hasDrifted) {
        pace.onTrial = median
        return narrow(busy) ? 'graph' : 'none'
      } else {
        delete pace.onTrial
        slots = Math.min(slots + 1, most)
      }
      return 'none'
    },
  }
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}
