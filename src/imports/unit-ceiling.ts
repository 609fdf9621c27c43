/** How many resource units a second Graph was found to bear; no ceiling until it complained. */
export interface UnitCeiling {
  /** Milliseconds until a request of so many units may leave; 0 when it may now. */
  waitMs(units: number, now: number): number
  /** A request left. */
  spend(units: number): void
  /** Graph charged so many units more than foretold. */
  correct(units: number): void
  /** A request was answered. */
  sustained(units: number): void
  /** Graph throttles, and wants to be left alone until `openAt`. */
  throttled(now: number, openAt: number): void
  /** Infinity: none. */
  perSecond(): number
}

/** Below this no throttle brings it. */
const leastPerSecond = 0.5
/** What is found to be borne is not used up to the last unit. */
const caution = 0.95
/** What is borne is not to be told from fewer units than this. */
const leastMeasured = 50
/** One complaint lowers a ceiling to half at most, and to nine tenths at least. */
const [mostLowered, leastLowered] = [0.5, 0.9]
/** A ceiling under which nobody complains rises by so much each second. */
const risePerSecond = 1.05
/** More than this no tenant bears, so that a ceiling there is none. */
const forgottenAbove = 20_000
/** So many seconds' worth may leave at once. */
const burstSeconds = 0.25
/** No request costs more. */
const dearestRequest = 8

/** Makes the ceiling of one run. */
export function createUnitCeiling(startedAt: number): UnitCeiling {
  let perSecond = Infinity
  /** Units that may be spent, as of `filledAt`; below 0 they are owed. */
  let saved = 0
  let filledAt = startedAt
  /** Since when nobody complained, and what was answered since. */
  let since = startedAt
  let answered = 0

  const burst = (): number => Math.max(perSecond * burstSeconds, dearestRequest)
  const fill = (now: number): void => {
    const seconds = (now - filledAt) / 1_000
    if (seconds <= 0) return
    saved = Math.min(saved + seconds * perSecond, burst())
    perSecond *= risePerSecond ** seconds
    if (perSecond > forgottenAbove) perSecond = Infinity
    filledAt = now
  }

  return {
    waitMs: (units, now) => {
      if (perSecond === Infinity) return 0
      fill(now)
      const missing = Math.min(units, burst()) - saved
      return missing <= 0 || perSecond === Infinity ? 0 : Math.ceil((missing / perSecond) * 1_000)
    },
    spend: (units) => {
      if (perSecond !== Infinity) saved -= units
    },
    correct: (units) => {
      if (perSecond !== Infinity) saved -= units
    },
    sustained: (units) => {
      answered += units
    },
    throttled: (now, openAt) => {
      fill(now)
      // The pause is part of the price: what Graph bears is what was answered in all that time.
      const measured = (answered / Math.max((openAt - since) / 1_000, 0.1)) * caution
      const isFirst = perSecond === Infinity
      const bounded = isFirst
        ? measured
        : Math.min(Math.max(measured, perSecond * mostLowered), perSecond * leastLowered)
      // Too little to measure by: others may have spent the budget.
      if (!isFirst || answered >= leastMeasured) perSecond = Math.max(bounded, leastPerSecond)
      saved = 0
      filledAt = openAt
      since = openAt
      answered = 0
    },
    perSecond: () => perSecond,
  }
}
