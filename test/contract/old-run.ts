import type { Progress } from '../../src/imports/index.ts'

/** A run with three collections as the release before several cursors had written it. */
export function oldRunSql(schema: string): string {
  return `
    INSERT INTO ${schema}import_runs (id, name, options, state, heartbeat_at, created_at,
      updated_at, totals)
    VALUES ('run_old', 'n', '{}', 'interrupted', 1, 1, 1, '{}');
    INSERT INTO ${schema}import_walks (run_id, collection, shard, state, next_url, pages, rows,
      restarts, segment_bytes, count_before, count_after, distinct_rows, segment, group_id,
      group_url, groups, vanished_groups, verdict, detail, deleted, deletion_note, hidden_groups)
    VALUES
      ('run_old', 'users', 0, 'finished', NULL, 3, 2500, 1, 77, 2500, 2501, 2499, 'users-0.i.ndjson',
       NULL, NULL, NULL, NULL, 'complete', 'as counted', 4, 'none', NULL),
      ('run_old', 'members', 0, 'walking', 'https://graph/groups?p=2', 9, 80, 0, 0, 30, NULL, NULL,
       NULL, 'g1', 'https://graph/groups/g1/members?p=2', 12, 1, NULL, NULL, NULL, NULL, 2),
      ('run_old', 'groups', 0, 'walking', NULL, 0, 0, 0, 0, NULL, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`
}

const runId = 'run_old'
const plan = { cursors: 1, why: 'begun by an earlier release' }

/** The same as it is known now: what had not begun is planned anew. */
export const oldProgress: readonly Progress[] = [
  { collection: { runId, collection: 'groups', writtenRows: 0, segmentBytes: 0 }, walks: [] },
  {
    collection: {
      runId,
      collection: 'members',
      plan,
      writtenRows: 80,
      segmentBytes: 0,
      countBefore: 30,
    },
    walks: [
      {
        runId,
        collection: 'members',
        shard: 0,
        state: 'walking',
        nextUrl: 'https://graph/groups?p=2',
        pages: 9,
        rows: 80,
        restarts: 0,
        group: { id: 'g1', nextUrl: 'https://graph/groups/g1/members?p=2' },
        groups: 12,
        vanishedGroups: 1,
        hiddenGroups: 2,
      },
    ],
  },
  {
    collection: {
      runId,
      collection: 'users',
      plan,
      writtenRows: 2500,
      segmentBytes: 77,
      segment: 'users-0.i.ndjson',
      countBefore: 2500,
      countAfter: 2501,
      distinctRows: 2499,
      verdict: 'complete',
      detail: 'as counted',
      deleted: 4,
      deletionNote: 'none',
    },
    walks: [
      {
        runId,
        collection: 'users',
        shard: 0,
        state: 'finished',
        pages: 3,
        rows: 2500,
        restarts: 1,
      },
    ],
  },
]
