import { collections } from '../directory/index.ts'
import type { DeltaPlace, DeltaRecord, Progress, Verdict, WalkRecord } from './ports.ts'

/**
 * Counts may differ by this share and the run still is complete: the directory changes while we
 * read.
 */
export const tolerance = 0.001

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
 * Graph counts no relations, so their sources are counted instead: for `members` the groups whose
 * member list was read to the page without a next link, against the `$count`s of groups. A member
 * list is one cursor; what is missing is missing by whole groups. A single group whose members
 * Graph would not show makes it `complete_with_drift`, since nobody knows what has become of them.
 * Where Graph has no `$count` at all (directory roles), the list read to its last page is
 * complete.
 *
 * Where several cursors read, `complete` means besides that what changed meanwhile was applied.
 */
export function judgeCollection(progress: Progress): Judged {
  const { verdict, detail: judged } = judgeChanges(progress, judgeRows(progress))
  const detail = `${judged}${describeUnlisted(progress.collection.delta)}`
  const refused = progress.collection.refusedColumns ?? []
  if (refused.length === 0) return { verdict, detail }
  return { verdict, detail: `${detail}; without ${refused.join(', ')}, which Graph refused` }
}

/** What the changes met while several cursors read make of a verdict. */
function judgeChanges({ collection: { delta } }: Progress, judged: Judged): Judged {
  if (judged.verdict === 'incomplete' || delta?.purpose !== 'bracket') return judged
  if (delta.state === 'applied') {
    return { ...judged, detail: `${judged.detail}; ${describeBracket(delta)}` }
  }
  // What moved between the cursors while they read may be missing, whatever the counts say.
  return {
    verdict: 'complete_with_drift',
    detail: `${judged.detail}; what changed while it was read is not known: ${delta.note ?? ''}`,
  }
}

function judgeRows({ collection: record, walks }: Progress): Judged {
  const { delta } = record
  const unfinished = walks.filter((walk) => walk.state !== 'finished').length
  const isSince = delta?.purpose === 'since' && delta.state === 'applied'
  if (unfinished > 0 || (walks.length === 0 && !isSince)) {
    return { verdict: 'incomplete', detail: `${unfinished} of ${walks.length} walks unfinished` }
  }
  const distinct = record.distinctRows ?? 0
  const { isCounted = true, relation, sources } = collections[record.collection]
  const read = sources === undefined ? distinct : sum(walks, (walk) => walk.groups)
  const found = isSince
    ? describeSince(delta, distinct)
    : sources === undefined
      ? `${distinct} distinct rows`
      : `${distinct} distinct rows of ${read} ${sources}${describeSplit(walks)}`
  if (isSince && relation !== undefined) return judgeEdgesSince(delta, distinct, sources)
  const hidden = sum(walks, (walk) => walk.hiddenGroups)
  if (hidden > 0) {
    return {
      verdict: 'complete_with_drift',
      detail: `${found}; Graph did not show the ${relation?.segment ?? 'rows'} of ${hidden} more${
        relation?.hiddenPermission === undefined ? '' : ` (${relation.hiddenPermission} would)`
      }`,
    }
  }
  if (!isCounted) {
    const detail = `${found}; every page was read, and Graph counts none of them`
    return { verdict: 'complete', detail }
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
  const counted = sources === undefined ? '$count' : `$count of ${sources}`
  const detail = `${found}; ${counted} was ${countBefore} before and ${countAfter} after`
  return { verdict: isWithin(read, low, high) ? 'complete' : 'complete_with_drift', detail }
}

/** Whether so many rows agree with counts between these two, give or take 0.1 %. */
export function isWithin(rows: number, low: number, high: number): boolean {
  return rows >= low - low * tolerance && rows <= high + high * tolerance
}

/** Sources whose parts were read, as the index had them. */
function describeSplit(walks: readonly WalkRecord[]): string {
  const split = walks.filter((walk) => walk.split !== undefined && walk.split.hasFailed !== true)
  return split.length === 0 ? '' : `, ${split.length} of them in parts`
}

function describeBracket({ begin, changed, gone, isEarlier, notEarlier }: DeltaRecord): string {
  const changes = `${changed} changed and ${gone} gone`
  if (isEarlier === true) return `${changes} since ${timeOf(begin)}`
  const unknown =
    notEarlier === undefined
      ? ''
      : `, no earlier link telling what Graph's index had not learned by then (${notEarlier})`
  return `${changes} while it was read${unknown}`
}

/** Names what nobody can read: neither a part of the collection held it nor a look-up by its id. */
function describeUnlisted({ unlisted }: Partial<DeltaRecord> = {}): string {
  if (unlisted === undefined) return ''
  const { count, ids } = unlisted
  const names = count > ids.length ? `${ids.join(', ')}, …` : ids.join(', ')
  return `; ${count} that changed are there, but Graph does not list them: ${names}`
}

function timeOf(place: DeltaPlace | undefined): string {
  return new Date(place?.takenAt ?? 0).toISOString()
}

/** Graph counts no edges: those of changed sources are whole, all others what they were before. */
function judgeEdgesSince(
  { base, begin, changed, gone, unshown = 0 }: DeltaRecord,
  known: number,
  sources = 'objects',
): Judged {
  const found = `${changed} ${sources} read anew and ${gone} gone since ${timeOf(begin)}, ${known} known rows`
  if (unshown > 0) {
    const detail = `${found}; Graph did not show those of ${unshown} more that changed`
    return { verdict: 'complete_with_drift', detail }
  }
  if (base === 'complete') return { verdict: 'complete', detail: found }
  return {
    verdict: 'complete_with_drift',
    detail: `${found}; the run that these were added to was not complete`,
  }
}

function describeSince({ begin, changed, gone, unsettledAt }: DeltaRecord, known: number): string {
  const found = `${changed} changed and ${gone} gone since ${timeOf(begin)}, ${known} known rows`
  if (unsettledAt === undefined) return found
  const at = new Date(unsettledAt).toISOString()
  return `${found}, what Graph's index had not learned by ${at} not among the changes: an hour behind that everything is read once more`
}

function sum(walks: readonly WalkRecord[], of: (walk: WalkRecord) => number | undefined): number {
  return walks.reduce((total, walk) => total + (of(walk) ?? 0), 0)
}
