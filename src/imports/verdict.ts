import type { Verdict, WalkRecord } from './ports.ts'

/**
 * Counts may differ by this share and the run still is complete: the directory changes while we
 * read.
 */
const tolerance = 0.001

/** A verdict with its reason, for the log and the manifest. */
export interface JudgedWalk {
  readonly verdict: Verdict
  readonly detail: string
}

/**
 * Judges the walks of one collection. `complete`: every walk finished and the distinct ids lie
 * within the `$count`s before and after, give or take 0.1 %. `complete_with_drift`: finished, but
 * the counts disagree or Graph gave none. `incomplete`: anything else.
 */
export function judgeWalks(walks: readonly WalkRecord[]): JudgedWalk {
  const unfinished = walks.filter((walk) => walk.state !== 'finished').length
  const first = walks[0]
  if (first === undefined || unfinished > 0) {
    return { verdict: 'incomplete', detail: `${unfinished} of ${walks.length} walks unfinished` }
  }
  const distinct = walks.reduce((sum, walk) => sum + (walk.distinctRows ?? 0), 0)
  const { countBefore, countAfter } = first
  if (countBefore === undefined || countAfter === undefined) {
    return {
      verdict: 'complete_with_drift',
      detail: `every page was read: ${distinct} distinct rows; Graph gave no $count to compare them with`,
    }
  }
  const low = Math.min(countBefore, countAfter)
  const high = Math.max(countBefore, countAfter)
  const counts = `${distinct} distinct rows; $count was ${countBefore} before and ${countAfter} after`
  const isWithin = distinct >= low - low * tolerance && distinct <= high + high * tolerance
  return isWithin
    ? { verdict: 'complete', detail: counts }
    : { verdict: 'complete_with_drift', detail: counts }
}
