import type {
  CollectionRecord,
  Heartbeat,
  LogBody,
  LogEntry,
  RunChange,
  RunOwner,
  RunRecord,
  RunStore,
  WalkRecord,
} from '../../imports/ports.ts'
import { EvergrantError } from '../../kernel/index.ts'
import {
  asProgress,
  asRun,
  newCollection,
  noTotals,
  recordOf,
  type CollectionRow,
  type CursorRow,
  type RunRow,
} from '../rows/run-row.ts'
import type { Connection, Reader, Transaction } from './connection.ts'
import { countEdgesOf, countUnmetEdges, unmarkEdges, writeEdges } from './edges.ts'
import { StartOver } from './errors.ts'
import { listUnseen, markGone } from './gone.ts'
import { writePage } from './page-writer.ts'
import { dropOldMarks } from './seen-marks.ts'
import { countRows, findSpace, takeSpace, writableSpace } from './spaces.ts'
import { countSeenRows, countUnseen, sweepSpace } from './sweep.ts'

const openStates = `('running', 'waiting', 'interrupted')`

/** Keeps import runs, their walks and logs in PostgreSQL. */
export function createRunStore({ read, write }: Connection): RunStore {
  return {
    // Rows are locked there, not the store.
    pauseMs: 0,

    createRun: async (run, now) =>
      await write(async (transaction): Promise<Awaited<ReturnType<RunStore['createRun']>>> => {
        const made = await transaction.row<RunRow>(
          `INSERT INTO evergrant.import_runs (id, name, options, state, owner, owner_instance,
             heartbeat_at, created_at, updated_at, totals)
           VALUES ($1, $2, $3, 'running', $4, $5, $6, $6, $6, $7)
           ON CONFLICT (name) WHERE state IN ${openStates} DO NOTHING RETURNING *`,
          [
            run.id,
            run.name,
            JSON.stringify(run.options),
            JSON.stringify(run.owner),
            run.owner.instanceId,
            now,
            JSON.stringify(noTotals),
          ],
        )
        if (made === undefined) {
          return { created: false, existing: asRun(await openRow(transaction, run.name)) }
        }
        for (const collection of run.options.collections) {
          await writeCollection(transaction, newCollection(run.id, collection))
        }
        await dropOldMarks(transaction, run.name)
        transaction.bump('runs')
        return { created: true, run: asRun(made) }
      }),

    claimRun: async (id, expectedInstanceId, owner: RunOwner, now) =>
      await write(async (transaction) => {
        // What was asked of the owner before is void: whoever claims the run wants it to go on.
        const row = await transaction.row<RunRow>(
          `UPDATE evergrant.import_runs SET state = 'running', problem = NULL, verdict = NULL,
             owner = $3, owner_instance = $4, heartbeat_at = $5, requested = NULL, updated_at = $5
           WHERE id = $1 AND owner_instance IS NOT DISTINCT FROM $2 AND state IN ${openStates}
           RETURNING *`,
          [id, expectedInstanceId ?? null, JSON.stringify(owner), owner.instanceId, now],
        )
        if (row === undefined) return undefined
        transaction.bump('runs')
        return asRun(row)
      }),

    closeRun: async (id, expectedInstanceId, change, log, now) =>
      await write(async (transaction) => {
        const row = await lockRow(transaction, id)
        if (row === undefined || (row.owner_instance ?? undefined) !== expectedInstanceId) {
          return false
        }
        await applyChange(transaction, row, { ...change, release: true }, now)
        await appendLog(transaction, row.sequence, log)
        transaction.bump('runs')
        return true
      }),

    heartbeat: async (id, instanceId, now): Promise<Heartbeat> =>
      await write(async (transaction) => {
        // No generation: a beat changes nothing that anyone waits for.
        const row = await transaction.row<Pick<RunRow, 'requested'>>(
          `UPDATE evergrant.import_runs SET heartbeat_at = $3
           WHERE id = $1 AND owner_instance = $2 RETURNING requested`,
          [id, instanceId, now],
        )
        if (row === undefined) return { isOwner: false }
        return { isOwner: true, ...(row.requested === null ? {} : { requested: row.requested }) }
      }),

    requestOf: async (id, request, now) => {
      await write(async (transaction) => {
        const changes = await transaction.run(
          `UPDATE evergrant.import_runs SET requested = $2, updated_at = $3
           WHERE id = $1 AND state IN ${openStates} AND requested IS DISTINCT FROM 'cancel'`,
          [id, request, now],
        )
        if (changes > 0) transaction.bump('runs')
      })
    },

    updateRun: async (id, instanceId, change, log, now) => {
      await write(async (transaction) => {
        const row = await ownedRow(transaction, id, instanceId)
        await applyChange(transaction, row, change, now)
        await appendLog(transaction, row.sequence, log)
        transaction.bump('runs')
      })
    },

    commitPage: async (commit) => {
      const { rows, unmet, edges, gone, now } = commit
      return await write(async (transaction) => {
        const run = await ownedRow(transaction, commit.runId, commit.instanceId)
        if (rows !== undefined) await writePage(transaction, { ...rows, owner: run.name, now })
        if (unmet !== undefined) {
          const { space_id: id } = await writableSpace(transaction, unmet, run.name)
          await unmarkEdges(transaction, id, unmet)
        }
        if (edges !== undefined) {
          const { space_id: id } = await writableSpace(transaction, edges, run.name)
          const written = await writeEdges(transaction, id, edges.sequence, edges.edges, now)
          await countRows(transaction, id, written)
        }
        const deleted = gone === undefined ? 0 : await markGone(transaction, gone, run.name, now)
        const totals = { ...commit.totals, deleted: commit.totals.deleted + deleted }
        await Promise.all([
          writeWalks(transaction, commit.walks),
          commit.collection === undefined
            ? undefined
            : writeCollection(transaction, commit.collection),
          applyChange(transaction, run, { totals }, now),
          appendLog(transaction, run.sequence, commit.log),
        ])
        transaction.bump('runs')
        return { deleted }
      })
    },

    saveProgress: async ({ collection, walks }, instanceId, log, now) => {
      await write(async (transaction) => {
        const run = await ownedRow(transaction, collection.runId, instanceId)
        await writeCollection(transaction, collection)
        await writeWalks(transaction, walks)
        await applyChange(transaction, run, {}, now)
        await appendLog(transaction, run.sequence, log)
        transaction.bump('runs')
      })
    },

    getRun: async (id) => {
      const row = await read(
        async (reader) =>
          await reader.row<RunRow>('SELECT * FROM evergrant.import_runs WHERE id = $1', [id]),
      )
      return row === undefined ? undefined : asRun(row)
    },

    findOpenRun: async (name) => {
      const row = await read(async (reader) => await findOpenRow(reader, name))
      return row === undefined ? undefined : asRun(row)
    },

    listOpenRuns: async () => {
      const sql = `SELECT * FROM evergrant.import_runs WHERE state IN ${openStates} LIMIT 1000`
      const rows = await read(async (reader) => await reader.rows<RunRow>(sql))
      return rows.map(asRun)
    },

    listRuns: async ({ limit, name, state, beforeId }) => {
      const rows = await read(
        async (reader) =>
          await reader.rows<RunRow>(
            `SELECT * FROM evergrant.import_runs
             WHERE ($1::text IS NULL OR name = $1) AND ($2::text IS NULL OR state = $2)
               AND ($3::text IS NULL OR sequence <
                 (SELECT sequence FROM evergrant.import_runs WHERE id = $3))
             ORDER BY sequence DESC LIMIT $4`,
            [name ?? null, state ?? null, beforeId ?? null, limit],
          ),
      )
      return rows.map(asRun)
    },

    listProgress: async (runId) =>
      await read(async (reader) =>
        asProgress(
          await reader.rows<CollectionRow>(
            'SELECT * FROM evergrant.import_collections WHERE run_id = $1 ORDER BY collection',
            [runId],
          ),
          await reader.rows<CursorRow>(
            'SELECT * FROM evergrant.import_cursors WHERE run_id = $1 ORDER BY collection, shard',
            [runId],
          ),
        ),
      ),

    readLog: async (runId, afterSeq, limit) => {
      const rows = await read(
        async (reader) =>
          await reader.rows<{ seq: number; at: number; level: LogEntry['level']; body: string }>(
            `SELECT seq, at, level, body FROM evergrant.import_log
             WHERE run_sequence = (SELECT sequence FROM evergrant.import_runs WHERE id = $1)
               AND seq > $2
             ORDER BY seq LIMIT $3`,
            [runId, afterSeq, limit],
          ),
      )
      return rows.map(({ body, ...line }) => ({ ...line, body: JSON.parse(body) as LogBody }))
    },

    takeRows: async (tenantId, kind, name, options) =>
      await write(
        async (transaction) => await takeSpace(transaction, { tenantId, kind }, name, options),
      ),

    countSeen: async (tenantId, kind, sequence) =>
      await read(async (reader) => await countSeenRows(reader, { tenantId, kind }, sequence)),

    countUnseen: async (tenantId, kind, sequence) =>
      await read(async (reader) => await countUnseen(reader, { tenantId, kind }, sequence)),

    countUnmet: async (sources) =>
      await read(async (reader) => {
        const space = await findSpace(reader, sources)
        return space === undefined ? 0 : await countUnmetEdges(reader, space.space_id, sources)
      }),

    countEdgesOf: async (sources) =>
      await read(async (reader) => {
        const space = await findSpace(reader, sources)
        if (space === undefined) return { live: 0, older: 0 }
        return await countEdgesOf(reader, space.space_id, sources)
      }),

    listUnseen: async (query) => await read(async (reader) => await listUnseen(reader, query)),

    sweepUnseen: async (step) =>
      await write(async (transaction) => {
        const run = await ownedRow(transaction, step.runId, step.instanceId)
        const space = await writableSpace(transaction, step, run.name)
        const swept = await sweepSpace(transaction, space, step)
        const { totals } = asRun(run)
        const deleted = totals.deleted + swept.marked
        await applyChange(transaction, run, { totals: { ...totals, deleted } }, step.now)
        transaction.bump('runs')
        return swept
      }),
  }
}

async function findOpenRow(reader: Reader, name: string): Promise<RunRow | undefined> {
  return await reader.row<RunRow>(
    `SELECT * FROM evergrant.import_runs WHERE name = $1 AND state IN ${openStates}`,
    [name],
  )
}

/** The run that kept another one from being made. */
async function openRow(transaction: Transaction, name: string): Promise<RunRow> {
  const row = await findOpenRow(transaction, name)
  if (row !== undefined) return row
  throw new StartOver('the run that was in the way has ended since')
}

/** The run, locked: what one process does to it, others do before or after. */
async function lockRow(transaction: Transaction, id: string): Promise<RunRow | undefined> {
  return await transaction.row<RunRow>(
    'SELECT * FROM evergrant.import_runs WHERE id = $1 FOR NO KEY UPDATE',
    [id],
  )
}

/** The run, locked, when this instance still owns it. @throws EvergrantError `import_interrupted` */
async function ownedRow(transaction: Transaction, id: string, instanceId: string): Promise<RunRow> {
  const row = await lockRow(transaction, id)
  if (row?.owner_instance === instanceId) return row
  throw new EvergrantError(
    'import_interrupted',
    row === undefined
      ? `the run "${id}" is not in the store`
      : `another process has taken over the run "${id}", or has ended it`,
  )
}

async function appendLog(
  transaction: Transaction,
  sequence: number,
  entries: readonly LogEntry[],
): Promise<void> {
  if (entries.length === 0) return
  await transaction.run(
    `INSERT INTO evergrant.import_log (run_sequence, seq, at, level, body)
     SELECT $1, last.seq + line.position, line.at, line.level, line.body
     FROM (SELECT coalesce(max(seq), 0) AS seq FROM evergrant.import_log
           WHERE run_sequence = $1) AS last,
       unnest($2::bigint[], $3::text[], $4::text[])
         WITH ORDINALITY AS line (at, level, body, position)`,
    [
      sequence,
      entries.map(({ at }) => at),
      entries.map(({ level }) => level),
      entries.map(({ body }) => JSON.stringify(body)),
    ],
  )
}

async function writeCollection(transaction: Transaction, record: CollectionRecord): Promise<void> {
  await transaction.run(
    `INSERT INTO evergrant.import_collections (run_id, collection, record) VALUES ($1, $2, $3)
     ON CONFLICT (run_id, collection) DO UPDATE SET record = excluded.record`,
    [record.runId, record.collection, recordOf(record)],
  )
}

async function writeWalks(transaction: Transaction, walks: readonly WalkRecord[]): Promise<void> {
  if (walks.length === 0) return
  await transaction.run(
    `INSERT INTO evergrant.import_cursors (run_id, collection, shard, record)
     SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::text[])
     ON CONFLICT (run_id, collection, shard) DO UPDATE SET record = excluded.record`,
    [
      walks.map(({ runId }) => runId),
      walks.map(({ collection }) => collection),
      walks.map(({ shard }) => shard),
      walks.map(recordOf),
    ],
  )
}

/** Applies a change; absent members stay, null ones are cleared. */
async function applyChange(
  transaction: Transaction,
  row: RunRow,
  change: RunChange,
  now: number,
): Promise<void> {
  const state = change.state ?? row.state
  const isOver = state === 'completed' || state === 'failed' || state === 'cancelled'
  const isReleased = change.release === true
  await transaction.run(
    `UPDATE evergrant.import_runs SET state = $1, reason = $2, verdict = $3, problem = $4,
       finished_at = $5, totals = $6, owner = $7, owner_instance = $8, requested = $9,
       updated_at = $10, heartbeat_at = $11 WHERE id = $12`,
    [
      state,
      change.reason === undefined ? row.reason : change.reason,
      change.verdict ?? row.verdict,
      change.problem === undefined ? row.problem : asJson(change.problem),
      change.finishedAt ?? row.finished_at,
      change.totals === undefined ? row.totals : JSON.stringify(change.totals),
      isReleased ? null : row.owner,
      isReleased ? null : row.owner_instance,
      isReleased || isOver ? null : row.requested,
      now,
      isReleased || change.isFromOutside === true ? row.heartbeat_at : now,
      row.id,
    ] satisfies unknown[],
  )
}

function asJson(value: RunRecord['problem'] | null): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value)
}
