import type { Progress, Verdict, WalkRecord } from './ports.ts'

/**
 * Counts may differ by this share and the run still is complete: the directory changes while we
 * read.
 */
const tolerance = 0.001

/** A verdict with its reason, for the log and the manifest. */
export interface Judged {
  readonly verdict: Verdict
  readonly detail: string
}

/**
 * Judges one collection. `complete`: every walk finished and the distinct ids lie within the
 * `$count`s before and after, give or take 0.1 %. `complete_with_drift`: finished, but the counts
 * disagree or Graph gave none. `incomplete`: anything else.
 *
 * Graph counts no memberships, so for `members` groups are counted instead: the groups whose member
 * list was read to the page without a next link, against the `$count`s of groups. A member list is
 * one cursor; what is missing is missing by whole groups. A single group whose members Graph would
 * not show makes it `complete_with_drift`, since nobody knows what has become of them.
 */
export function judgeCollection({ collection: record, walks }: Progress): Judged {
  const unfinished = walks.filter((walk) => walk.state !== 'finished').length
  if (walks.length === 0 || unfinished > 0) {
    return { verdict: 'incomplete', detail: `${unfinished} of ${walks.length} walks unfinished` }
  }
  const distinct = record.distinctRows ?? 0
  const isMembers = record.collection === 'members'
  const read = isMembers ? sum(walks, (walk) => walk.groups) : distinct
  const found = isMembers
    ? `${distinct} distinct rows of ${read} groups`
    : `${distinct} distinct rows`
  const hidden = sum(walks, (walk) => walk.hiddenGroups)
  if (hidden > 0) {
    return {
      verdict: 'complete_with_drift',
      detail: `${found}; Graph did not show the members of ${hidden} more (Member.Read.Hidden would)`,
    }
  }
  const { countBefore, countAfter } = record
  if (countBefore === undefined || countAfter === undefined) {
    return {
      verdict: 'complete_with_drift',
      detail: `every page was read: ${found}; Graph gave no $count to compare them with`,
    }
  }
  const low = Math.min(countBefore, countAfter)
  const high = Math.max(countBefore, countAfter)
  const counted = isMembers ? '$count of groups' : '$count'
  const detail = `${found}; ${counted} was ${countBefore} before and ${countAfter} after`
  const isWithin = read >= low - low * tolerance && read <= high + high * tolerance
  return { verdict: isWithin ? 'complete' : 'complete_with_drift', detail }
}

function sum(walks: readonly WalkRecord[], of: (walk: WalkRecord) => number | undefined): number {
  return walks.reduce((total, walk) => total + (of(walk) ?? 0), 0)
}
