import type { CollectionName } from '../../directory/index.ts'
import type {
  CollectionRecord,
  Progress,
  RunOptions,
  RunOwner,
  RunRecord,
  RunState,
  RunTotals,
  Verdict,
  WalkRecord,
} from '../../imports/ports.ts'
import type { Problem } from '../../kernel/index.ts'

/** A row of `import_runs`. */
export interface RunRow {
  readonly sequence: number
  readonly id: string
  readonly name: string
  readonly options: string
  readonly state: RunState
  readonly reason: string | null
  readonly verdict: Verdict | null
  readonly problem: string | null
  readonly owner: string | null
  readonly owner_instance: string | null
  readonly heartbeat_at: number
  readonly requested: 'stop' | 'cancel' | null
  readonly created_at: number
  readonly updated_at: number
  readonly finished_at: number | null
  readonly totals: string
}

/** A row of `import_collections`: all but its key as JSON, so that a new fact is no new column. */
export interface CollectionRow {
  readonly run_id: string
  readonly collection: CollectionName
  readonly record: string
}

/** A row of `import_cursors`. */
export interface CursorRow extends CollectionRow {
  readonly shard: number
}

/** Totals of a run that has done nothing yet. */
export const noTotals: RunTotals = {
  rows: 0,
  pages: 0,
  requests: 0,
  refreshes: 0,
  retries: 0,
  bytes: 0,
  activeMs: 0,
  waitedMs: 0,
  units: 0,
  throttled: 0,
  pausedMs: 0,
  deleted: 0,
}

/** Reads a run from its row. */
export function asRun(row: RunRow): RunRecord {
  return {
    id: row.id,
    name: row.name,
    sequence: row.sequence,
    options: JSON.parse(row.options) as RunOptions,
    state: row.state,
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.verdict === null ? {} : { verdict: row.verdict }),
    ...(row.problem === null ? {} : { problem: JSON.parse(row.problem) as Problem }),
    ...(row.owner === null ? {} : { owner: JSON.parse(row.owner) as RunOwner }),
    heartbeatAt: row.heartbeat_at,
    ...(row.requested === null ? {} : { requested: row.requested }),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
    // Runs of older releases have fewer counters.
    totals: { ...noTotals, ...(JSON.parse(row.totals) as Partial<RunTotals>) },
  }
}

/** A collection that nothing is known of yet. */
export function newCollection(runId: string, collection: CollectionName): CollectionRecord {
  return { runId, collection, writtenRows: 0, segmentBytes: 0 }
}

/** The collections of a run with their cursors, out of rows in the order of their keys. */
export function asProgress(
  collections: readonly CollectionRow[],
  cursors: readonly CursorRow[],
): readonly Progress[] {
  return collections.map((row) => ({
    collection: {
      ...(JSON.parse(row.record) as CollectionRecord),
      runId: row.run_id,
      collection: row.collection,
    },
    walks: cursors
      .filter(({ collection }) => collection === row.collection)
      .map(({ collection, record, run_id: runId, shard }) => ({
        ...(JSON.parse(record) as WalkRecord),
        runId,
        collection,
        shard,
      })),
  }))
}

/** A collection or a cursor as JSON, without what stands in the columns of its key. */
export function recordOf(record: CollectionRecord | WalkRecord): string {
  return JSON.stringify({
    ...record,
    runId: undefined,
    collection: undefined,
    shard: undefined,
  })
}
