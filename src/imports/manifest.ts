import { collections } from '../directory/index.ts'
import { countedRows } from './counted-rows.ts'
import { effortSince } from './effort.ts'
import { inReadingOrder } from './order-progress.ts'
import type {
  CollectionEffort,
  CollectionRecord,
  Progress,
  RunRecord,
  WalkRecord,
} from './ports.ts'

/** All that is known of one collection of a run, its cursors added up. */
export interface CollectionManifest {
  readonly record: CollectionRecord
  readonly walks: readonly WalkRecord[]
  /**
   * `changes`: what has changed since, or while it was read, is being applied. `publishing`: what
   * was read is being written into its place.
   */
  readonly state: 'waiting' | 'reading' | 'changes' | 'read' | 'publishing'
  readonly finishedShards: number
  /** What its cursors have brought; what is read again of a giant counts once. */
  readonly rows: number
  readonly pages: number
  readonly restarts: number
  /** What Graph's counts are about: `groups` of members, else `rows`. */
  readonly counted: string
  /** How many of those were read. */
  readonly countedSoFar: number
  /** How far what was read lies outside of the counts before and after; undefined until judged. */
  readonly drift?: number
  /** What reading it has cost so far; undefined where nobody has kept it. */
  readonly effort?: CollectionEffort
}

/** The collections of a run in the order they are read. */
export function manifestOf(
  run: RunRecord,
  progress: readonly Progress[],
): readonly CollectionManifest[] {
  const known = inReadingOrder(run, progress)
  const current = known.find(({ collection: { verdict } }) => verdict === undefined)
  const records = known.map(({ collection }) => collection)
  return known.map((one) => {
    const { collection: record, walks } = one
    const { isCounted = true, sources } = collections[record.collection]
    const sum = (of: (walk: WalkRecord) => number | undefined): number =>
      walks.reduce((total, walk) => total + (of(walk) ?? 0), 0)
    const finishedShards = walks.filter(({ state }) => state === 'finished').length
    const rows = sum(countedRows)
    const isWhole = record.delta?.purpose !== 'since'
    const walked = isWhole ? sum((walk) => walk.groups) : undefined
    const read = sources === undefined ? record.distinctRows : walked
    const drift = isCounted && record.verdict !== undefined ? driftOf(record, read) : undefined
    const effort = record.effort ?? (one === current ? effortSince(run.totals, records) : undefined)
    return {
      record,
      walks,
      state: stateOf(record, walks.length, finishedShards),
      finishedShards,
      rows,
      pages: sum((walk) => walk.pages),
      restarts: sum((walk) => walk.restarts),
      counted: sources ?? 'rows',
      countedSoFar: sources === undefined ? rows : sum((walk) => walk.groups),
      ...(drift === undefined ? {} : { drift }),
      ...(effort === undefined ? {} : { effort }),
    }
  })
}

function stateOf(
  { delta, publishedRows, verdict }: CollectionRecord,
  shards: number,
  finished: number,
): CollectionManifest['state'] {
  if (verdict !== undefined) return publishedRows === undefined ? 'read' : 'publishing'
  if (finished < shards) return 'reading'
  if (delta?.purpose !== 'next' && delta?.state === 'open') {
    return shards > 0 || delta.purpose === 'since' ? 'changes' : 'waiting'
  }
  return shards > 0 ? 'read' : 'waiting'
}

function driftOf(
  { countBefore, countAfter }: CollectionRecord,
  read: number | undefined,
): number | undefined {
  if (read === undefined || countBefore === undefined || countAfter === undefined) return undefined
  const low = Math.min(countBefore, countAfter)
  const high = Math.max(countBefore, countAfter)
  return read < low ? read - low : read > high ? read - high : 0
}
