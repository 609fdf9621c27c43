import type { CollectionName } from '../../directory/index.ts'
import type {
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

/** A row of `import_walks`. */
export interface WalkRow {
  readonly run_id: string
  readonly collection: CollectionName
  readonly shard: number
  readonly state: WalkRecord['state']
  readonly next_url: string | null
  readonly pages: number
  readonly rows: number
  readonly restarts: number
  readonly segment_bytes: number
  readonly count_before: number | null
  readonly count_after: number | null
  readonly distinct_rows: number | null
  readonly segment: string | null
  readonly group_id: string | null
  readonly group_url: string | null
  readonly groups: number | null
  readonly vanished_groups: number | null
  readonly verdict: Verdict | null
  readonly detail: string | null
  readonly deleted: number | null
  readonly deletion_note: string | null
  readonly hidden_groups: number | null
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

/** Reads a walk from its row. */
export function asWalk(row: WalkRow): WalkRecord {
  return {
    runId: row.run_id,
    collection: row.collection,
    shard: row.shard,
    state: row.state,
    ...(row.next_url === null ? {} : { nextUrl: row.next_url }),
    pages: row.pages,
    rows: row.rows,
    restarts: row.restarts,
    segmentBytes: row.segment_bytes,
    ...(row.count_before === null ? {} : { countBefore: row.count_before }),
    ...(row.count_after === null ? {} : { countAfter: row.count_after }),
    ...(row.distinct_rows === null ? {} : { distinctRows: row.distinct_rows }),
    ...(row.segment === null ? {} : { segment: row.segment }),
    ...(row.group_id === null
      ? {}
      : {
          group: {
            id: row.group_id,
            ...(row.group_url === null ? {} : { nextUrl: row.group_url }),
          },
        }),
    ...(row.groups === null ? {} : { groups: row.groups }),
    ...(row.vanished_groups === null ? {} : { vanishedGroups: row.vanished_groups }),
    ...(row.verdict === null ? {} : { verdict: row.verdict }),
    ...(row.detail === null ? {} : { detail: row.detail }),
    ...(row.deleted === null ? {} : { deleted: row.deleted }),
    ...(row.deletion_note === null ? {} : { deletionNote: row.deletion_note }),
    ...(row.hidden_groups === null ? {} : { hiddenGroups: row.hidden_groups }),
  }
}

/** A walk as the parameters of its upsert, in the order of the columns. */
export function walkParameters(walk: WalkRecord): unknown[] {
  return [
    walk.runId,
    walk.collection,
    walk.shard,
    walk.state,
    walk.nextUrl ?? null,
    walk.pages,
    walk.rows,
    walk.restarts,
    walk.segmentBytes,
    walk.countBefore ?? null,
    walk.countAfter ?? null,
    walk.distinctRows ?? null,
    walk.segment ?? null,
    walk.group?.id ?? null,
    walk.group?.nextUrl ?? null,
    walk.groups ?? null,
    walk.vanishedGroups ?? null,
    walk.verdict ?? null,
    walk.detail ?? null,
    walk.deleted ?? null,
    walk.deletionNote ?? null,
    walk.hiddenGroups ?? null,
  ]
}
