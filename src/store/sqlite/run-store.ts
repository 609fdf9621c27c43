import type {
  CollectionRecord,
  Heartbeat,
  PageCommit,
  RunChange,
  RunOwner,
  RunRecord,
  RunStore,
  WalkRecord,
} from '../../imports/ports.ts'
import type { LogBody, LogEntry } from '../../imports/ports.ts'
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
import type { Connection } from './connection.ts'
import { bumpGeneration } from './generations.ts'
import { countEdgesOf, countUnmetEdges, unmarkEdges, writeEdges } from './edges.ts'
import { listUnseen, markGone } from './gone.ts'
import { createPageWriter } from './page-writer.ts'
import { dropOldMarks } from './seen-marks.ts'
import { addRows, findSpace, takeSpace, writableSpace } from './spaces.ts'
import { countSeenRows, countUnseen, sweepSpace } from './sweep.ts'

const openStates = `('running', 'waiting', 'interrupted')`

/** Keeps import runs, their walks and logs in SQLite. */
export function createRunStore(connection: Connection): RunStore {
  const { prepare, read, write } = connection
  const writePage = createPageWriter(connection)

  const rowOf = (id: string): RunRow | undefined =>
    prepare<[string], RunRow>('SELECT * FROM import_runs WHERE id = ?').get(id)
  const openRowOf = (name: string): RunRow | undefined =>
    prepare<[string], RunRow>(
      `SELECT * FROM import_runs WHERE name = ? AND state IN ${openStates}`,
    ).get(name)

  /** The run, when this instance still owns it. */
  const ownedRow = (id: string, instanceId: string): RunRow => {
    const row = rowOf(id)
    if (row?.owner_instance === instanceId) return row
    throw new EvergrantError(
      'import_interrupted',
      row === undefined
        ? `the run "${id}" is not in the store`
        : `another process has taken over the run "${id}", or has ended it`,
    )
  }

  const appendLog = (sequence: number, entries: readonly LogEntry[]): void => {
    if (entries.length === 0) return
    const last = prepare<[number], { seq: number | null }>(
      'SELECT max(seq) AS seq FROM import_log WHERE run_sequence = ?',
    ).get(sequence)
    let seq = last?.seq ?? 0
    const insert = prepare('INSERT INTO import_log VALUES (?, ?, ?, ?, ?)')
    for (const { at, level, body } of entries) {
      seq += 1
      insert.run(sequence, seq, at, level, JSON.stringify(body))
    }
  }

  const writeCollection = (record: CollectionRecord): void => {
    prepare('INSERT OR REPLACE INTO import_collections VALUES (?, ?, ?)').run(
      record.runId,
      record.collection,
      recordOf(record),
    )
  }

  const writeWalk = (walk: WalkRecord): void => {
    prepare('INSERT OR REPLACE INTO import_cursors VALUES (?, ?, ?, ?)').run(
      walk.runId,
      walk.collection,
      walk.shard,
      recordOf(walk),
    )
  }

  const putEdges = (
    { tenantId, kind, sequence, edges }: NonNullable<PageCommit['edges']>,
    owner: string,
    now: number,
  ): void => {
    const { space_id: id } = writableSpace(connection, { tenantId, kind }, owner)
    const { fresh, revived } = writeEdges(connection, id, sequence, edges, now)
    addRows(connection, id, fresh, revived)
  }

  /** Applies a change; absent members stay, null ones are cleared. */
  const applyChange = (row: RunRow, change: RunChange, now: number): void => {
    const state = change.state ?? row.state
    const isOver = state === 'completed' || state === 'failed' || state === 'cancelled'
    const isReleased = change.release === true
    prepare(
      `UPDATE import_runs SET state = ?, reason = ?, verdict = ?, problem = ?, finished_at = ?,
         totals = ?, owner = ?, owner_instance = ?, requested = ?, updated_at = ?,
         heartbeat_at = ? WHERE id = ?`,
    ).run(
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
    )
  }

  return {
    pauseMs: connection.gapMs,

    createRun: async (run, now) =>
      await write((): Awaited<ReturnType<RunStore['createRun']>> => {
        const existing = openRowOf(run.name)
        if (existing !== undefined) return { created: false, existing: asRun(existing) }
        prepare(
          `INSERT INTO import_runs (id, name, options, state, owner, owner_instance, heartbeat_at,
             created_at, updated_at, totals) VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?)`,
        ).run(
          run.id,
          run.name,
          JSON.stringify(run.options),
          JSON.stringify(run.owner),
          run.owner.instanceId,
          now,
          now,
          now,
          JSON.stringify(noTotals),
        )
        for (const collection of run.options.collections) {
          writeCollection(newCollection(run.id, collection))
        }
        dropOldMarks(connection, run.name)
        bumpGeneration(connection, 'runs')
        return { created: true, run: present(rowOf(run.id)) }
      }),

    claimRun: async (id, expectedInstanceId, owner: RunOwner, now) =>
      await write(() => {
        const row = rowOf(id)
        if (!ownedBy(row, expectedInstanceId)) return undefined
        if (!['running', 'waiting', 'interrupted'].includes(row.state)) return undefined
        // What was asked of the owner before is void: whoever claims the run wants it to go on.
        prepare(
          `UPDATE import_runs SET state = 'running', problem = NULL, verdict = NULL, owner = ?,
             owner_instance = ?, heartbeat_at = ?, requested = NULL, updated_at = ? WHERE id = ?`,
        ).run(JSON.stringify(owner), owner.instanceId, now, now, id)
        bumpGeneration(connection, 'runs')
        return present(rowOf(id))
      }),

    closeRun: async (id, expectedInstanceId, change, log, now) =>
      await write(() => {
        const row = rowOf(id)
        if (!ownedBy(row, expectedInstanceId)) return false
        applyChange(row, { ...change, release: true }, now)
        appendLog(row.sequence, log)
        bumpGeneration(connection, 'runs')
        return true
      }),

    heartbeat: async (id, instanceId, now): Promise<Heartbeat> =>
      await write(() => {
        const row = rowOf(id)
        if (row?.owner_instance !== instanceId) return { isOwner: false }
        // No generation: a beat changes nothing that anyone waits for.
        prepare('UPDATE import_runs SET heartbeat_at = ? WHERE id = ?').run(now, id)
        return { isOwner: true, ...(row.requested === null ? {} : { requested: row.requested }) }
      }),

    requestOf: async (id, request, now) => {
      await write(() => {
        const { changes } = prepare(
          `UPDATE import_runs SET requested = ?, updated_at = ?
           WHERE id = ? AND state IN ${openStates} AND requested IS NOT 'cancel'`,
        ).run(request, now, id)
        if (changes > 0) bumpGeneration(connection, 'runs')
      })
    },

    updateRun: async (id, instanceId, change, log, now) => {
      await write(() => {
        const row = ownedRow(id, instanceId)
        applyChange(row, change, now)
        appendLog(row.sequence, log)
        bumpGeneration(connection, 'runs')
      })
    },

    commitPage: async (commit) => {
      const { rows, unmet, edges, gone } = commit
      return await write(() => {
        const run = ownedRow(commit.runId, commit.instanceId)
        if (rows !== undefined) writePage({ ...rows, owner: run.name, now: commit.now })
        if (unmet !== undefined) {
          unmarkEdges(connection, writableSpace(connection, unmet, run.name).space_id, unmet)
        }
        if (edges !== undefined) putEdges(edges, run.name, commit.now)
        const deleted = gone === undefined ? 0 : markGone(connection, gone, run.name, commit.now)
        const totals = { ...commit.totals, deleted: commit.totals.deleted + deleted }
        for (const walk of commit.walks) writeWalk(walk)
        if (commit.collection !== undefined) writeCollection(commit.collection)
        applyChange(run, { totals }, commit.now)
        appendLog(run.sequence, commit.log)
        bumpGeneration(connection, 'runs')
        return { deleted }
      })
    },

    saveProgress: async ({ collection, walks }, instanceId, log, now) => {
      await write(() => {
        const run = ownedRow(collection.runId, instanceId)
        writeCollection(collection)
        for (const walk of walks) writeWalk(walk)
        applyChange(run, {}, now)
        appendLog(run.sequence, log)
        bumpGeneration(connection, 'runs')
      })
    },

    getRun: async (id) => {
      const row = await read(() => rowOf(id))
      return row === undefined ? undefined : asRun(row)
    },

    findOpenRun: async (name) => {
      const row = await read(() => openRowOf(name))
      return row === undefined ? undefined : asRun(row)
    },

    listOpenRuns: async () => {
      const sql = `SELECT * FROM import_runs WHERE state IN ${openStates} LIMIT 1000`
      const rows = await read(() => prepare<unknown[], RunRow>(sql).all())
      return rows.map(asRun)
    },

    listRuns: async ({ limit, name, state, beforeId }) => {
      const rows = await read(() =>
        prepare<unknown[], RunRow>(
          `SELECT * FROM import_runs
           WHERE (@name IS NULL OR name = @name)
             AND (@state IS NULL OR state = @state)
             AND (@beforeId IS NULL OR sequence < (SELECT sequence FROM import_runs WHERE id = @beforeId))
           ORDER BY sequence DESC LIMIT @limit`,
        ).all({ name: name ?? null, state: state ?? null, beforeId: beforeId ?? null, limit }),
      )
      return rows.map(asRun)
    },

    listProgress: async (runId) =>
      await read(() =>
        asProgress(
          prepare<[string], CollectionRow>(
            'SELECT * FROM import_collections WHERE run_id = ? ORDER BY collection',
          ).all(runId),
          prepare<[string], CursorRow>(
            'SELECT * FROM import_cursors WHERE run_id = ? ORDER BY collection, shard',
          ).all(runId),
        ),
      ),

    readLog: async (runId, afterSeq, limit) => {
      const rows = await read(() =>
        prepare<unknown[], { seq: number; at: number; level: LogEntry['level']; body: string }>(
          `SELECT seq, at, level, body FROM import_log
           WHERE run_sequence = (SELECT sequence FROM import_runs WHERE id = ?) AND seq > ?
           ORDER BY seq LIMIT ?`,
        ).all(runId, afterSeq, limit),
      )
      return rows.map(({ body, ...line }) => ({ ...line, body: JSON.parse(body) as LogBody }))
    },

    takeRows: async (tenantId, kind, name, options) =>
      await write(() => takeSpace(connection, { tenantId, kind }, name, options)),

    countSeen: async (tenantId, kind, sequence) =>
      await read(() => countSeenRows(connection, { tenantId, kind }, sequence)),

    countUnseen: async (tenantId, kind, sequence) =>
      await read(() => countUnseen(connection, { tenantId, kind }, sequence)),

    countUnmet: async (sources) =>
      await read(() => {
        const space = findSpace(connection, sources)
        return space === undefined ? 0 : countUnmetEdges(connection, space.space_id, sources)
      }),

    countEdgesOf: async (sources) =>
      await read(() => {
        const space = findSpace(connection, sources)
        if (space === undefined) return { live: 0, older: 0 }
        return countEdgesOf(connection, space.space_id, sources)
      }),

    listUnseen: async (query) => await read(() => listUnseen(connection, query)),

    sweepUnseen: async (step) =>
      await write(() => {
        const run = ownedRow(step.runId, step.instanceId)
        const space = writableSpace(connection, step, run.name)
        const swept = sweepSpace(connection, space, step)
        const { totals } = asRun(run)
        const deleted = totals.deleted + swept.marked
        applyChange(run, { totals: { ...totals, deleted } }, step.now)
        bumpGeneration(connection, 'runs')
        return swept
      }),
  }
}

function ownedBy(row: RunRow | undefined, instanceId: string | undefined): row is RunRow {
  return row !== undefined && (row.owner_instance ?? undefined) === instanceId
}

function asJson(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value)
}

function present(row: RunRow | undefined): RunRecord {
  if (row === undefined) throw new Error('a run that was just written is not there')
  return asRun(row)
}
