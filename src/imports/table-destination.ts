import { collections, type CollectionName } from '../directory/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { Destination } from './destination.ts'
import type { ImportedRows } from './imported-rows.ts'
import type { CollectionRecord, Progress, RunRecord, WalkRecord } from './ports.ts'
import { quoted } from './sql-names.ts'
import type { TargetDatabase, TargetTables } from './target-database.ts'
import {
  countRows,
  cursorTable,
  deleteIds,
  deleteStaged,
  dropRun,
  ensureCursorTable,
  ensureFinalTable,
  ensureStaging,
  keyColumns,
  replaceEdges,
  replaceRows,
  runsWithCursors,
  stagingName,
  updateRows,
} from './target-tables.ts'

interface CursorRow {
  readonly shard: number
  readonly fence: number | string
  readonly walk: string
}

/** The row of a collection as a whole stands before those of its cursors. */
const headShard = -1

/**
 * Writes tables of a database: `users`, `groups`, `members`, each with `tenant_id` and the selected
 * columns. Rows are staged in a table of the run; the cursors of record stand beside them, in
 * `_evergrant_cursor`, and move in the same transaction. Publishing replaces the tenant's rows in
 * one transaction, so that readers see the old snapshot or the new one; the table itself, its
 * views, grants and further columns stay. Changes since an earlier run go into the table itself, a
 * page of them in one transaction with its cursor; edges are staged until all of their sources is
 * there.
 *
 * A fence keeps earlier owners of the run out: opening a collection raises a number in its row,
 * under the run's ownership check on both sides of it, and whoever holds an older number writes
 * nothing any more.
 *
 * @param open Connects; called once, when the first collection is opened.
 * @param isOver Tells whether a run, by its id, has ended: what it left behind is removed.
 */
export function createTableDestination(
  open: () => Promise<TargetDatabase>,
  run: RunRecord,
  isOver: (runId: string) => Promise<boolean>,
): Destination {
  const { tenantId } = run.options
  const fences = new Map<CollectionName, number>()
  let opening: Promise<TargetDatabase> | undefined
  const target = async (): Promise<TargetDatabase> => {
    opening ??= connect()
    return await opening
  }
  const columnsOf = (collection: CollectionName): readonly string[] =>
    run.options.columns[collection] ?? []
  const staging = ({ collection }: Pick<CollectionRecord, 'collection'>): string =>
    stagingName(collection, run.id)

  async function connect(): Promise<TargetDatabase> {
    const database = await open()
    try {
      const left = await database.transaction('tables', async (tables) => {
        await ensureCursorTable(tables)
        return await runsWithCursors(tables)
      })
      for (const runId of left) {
        if (runId === run.id || !(await isOver(runId))) continue
        await database.transaction('tables', (tables) => dropRun(tables, runId))
      }
      return database
    } catch (error) {
      await database.close()
      throw error
    }
  }

  /** Reads the collection's row, made when there is none, and those of its cursors. */
  async function readCursors(
    tables: TargetTables,
    { collection: record, walks }: Progress,
  ): Promise<{ readonly fence: number; readonly progress: Progress }> {
    const { collection } = record
    const rows = await tables.rows<CursorRow>(
      `SELECT shard, fence, walk FROM ${cursorTable}
       WHERE run_id = $1 AND collection = $2 ORDER BY shard`,
      [run.id, collection],
    )
    const [head, ...cursors] = rows
    if (head?.shard === headShard) {
      const known = new Map(
        cursors.map(({ walk }) => {
          const stored = JSON.parse(walk) as WalkRecord
          return [stored.shard, stored] as const
        }),
      )
      return {
        fence: Number(head.fence),
        progress: {
          collection: merged(record, JSON.parse(head.walk) as CollectionRecord),
          // Also those that began with a commit which the store has lost.
          walks: [...walks.filter(({ shard }) => !known.has(shard)), ...known.values()].toSorted(
            (a, b) => a.shard - b.shard,
          ),
        },
      }
    }
    if (walks.some(({ pages }) => pages > 0)) throw changed(collection, 'its cursor is gone')
    await tables.run(
      `INSERT INTO ${cursorTable} (run_id, collection, shard, tenant_id, fence, walk)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [run.id, collection, headShard, tenantId, 0, JSON.stringify(record)],
    )
    return { fence: 0, progress: { collection: record, walks } }
  }

  /** Moves cursors, provided that this owner's fence still stands. */
  async function moveCursors(
    tables: TargetTables,
    { collection: record, walks }: Progress,
  ): Promise<void> {
    const { collection } = record
    const changes = await tables.run(
      `UPDATE ${cursorTable} SET walk = $1
       WHERE run_id = $2 AND collection = $3 AND shard = $4 AND fence = $5`,
      [JSON.stringify(record), run.id, collection, headShard, fences.get(collection) ?? -1],
    )
    if (changes !== 1) {
      throw new EvergrantError(
        'import_interrupted',
        `another process has taken over the run "${run.id}", or has ended it`,
      )
    }
    for (const walk of walks) {
      await tables.run(
        `INSERT INTO ${cursorTable} (run_id, collection, shard, tenant_id, fence, walk)
         VALUES ($1, $2, $3, $4, 0, $5)
         ON CONFLICT (run_id, collection, shard) DO UPDATE SET walk = excluded.walk`,
        [run.id, collection, walk.shard, tenantId, JSON.stringify(walk)],
      )
    }
  }

  function changed(collection: CollectionName, detail: string): EvergrantError {
    return new EvergrantError(
      'destination_changed',
      `what ${run.id} had written of ${collection} was changed: ${detail}`,
    )
  }

  return {
    openCollection: async (progress, save) => {
      const database = await target()
      const { collection: record } = progress
      const { collection } = record
      const columns = columnsOf(collection)
      for (;;) {
        const seen = await database.transaction('tables', async (tables) => {
          await ensureStaging(database, tables, staging(record), columns)
          if (isSince(record)) await ensureFinalTable(database, tables, collection, columns)
          return await readCursors(tables, progress)
        })
        // An owner that has lost the run ends here, before it can raise the fence.
        await save(progress)
        const fence = seen.fence + 1
        const opened = await database.transaction('tables', async (tables) => {
          // Raised meanwhile, by an owner that lost the run behind its own check: once more.
          const raised = await tables.run(
            `UPDATE ${cursorTable} SET fence = $1
             WHERE run_id = $2 AND collection = $3 AND shard = $4 AND fence = $5`,
            [fence, run.id, collection, headShard, seen.fence],
          )
          if (raised === 0) return undefined
          const { progress: found } = await readCursors(tables, progress)
          const count = await tables.row<{ rows: number | string }>(
            `SELECT count(*) AS rows FROM ${quoted(staging(record))}`,
          )
          return { found, rows: Number(count?.rows) }
        })
        if (opened === undefined) continue
        const { found, rows } = opened
        const { writtenRows } = found.collection
        if (rows !== writtenRows) {
          throw changed(collection, `expected ${writtenRows} rows, but found ${rows}`)
        }
        fences.set(collection, fence)
        await save(found)
        return found
      }
    },
    pagesPerCommit: 4,
    write: async ({ collection: record, walks, batch, gone = [], unmet = [] }) => {
      const { collection } = record
      const database = await target()
      const cells = batch.flatMap((rows: ImportedRows) =>
        Array.from({ length: rows.length }, (_row, index) => rows.cells(index)),
      )
      const isEdges = collections[collection].relation !== undefined
      if (isSince(record) && isEdges) {
        // Whole sources are replaced at once, when all of them is staged.
        const name = staging(record)
        const lock = gone.length > 0 ? `publish ${collection}` : `walk ${run.id} ${collection}`
        const moved = await database.transaction(lock, async (tables) => {
          const voided = await deleteStaged(tables, collection, name, unmet)
          await tables.insert(name, columnsOf(collection), cells)
          const from = { tenantId, columns: columnsOf(collection), staging: name, sources: gone }
          const placed = await replaceEdges(database, tables, collection, from)
          const writtenRows = record.writtenRows + cells.length - voided - placed
          await moveCursors(tables, { collection: { ...record, writtenRows }, walks })
          return { ...record, writtenRows }
        })
        return { collection: moved }
      }
      if (isSince(record)) {
        await database.transaction(`publish ${collection}`, async (tables) => {
          await moveCursors(tables, { collection: record, walks })
          await updateRows(tables, collection, {
            tenantId,
            columns: columnsOf(collection),
            rows: cells,
            gone,
          })
        })
        return { collection: record }
      }
      const name = staging(record)
      const moved = await database.transaction(`walk ${run.id} ${collection}`, async (tables) => {
        // Of edges there is nothing but what was brought.
        const taken = isEdges
          ? await deleteStaged(tables, collection, name, unmet)
          : await deleteIds(tables, name, gone)
        const writtenRows = record.writtenRows + cells.length - taken
        await moveCursors(tables, { collection: { ...record, writtenRows }, walks })
        await tables.insert(name, columnsOf(collection), cells)
        return { ...record, writtenRows }
      })
      return { collection: moved }
    },
    restart: async (progress) => {
      const database = await target()
      const { collection: record } = progress
      await database.transaction(`walk ${run.id} ${record.collection}`, async (tables) => {
        await moveCursors(tables, progress)
        await tables.run(`DELETE FROM ${quoted(staging(record))}`)
      })
    },
    countDistinct: async (record) => {
      const database = await target()
      if (isSince(record)) {
        return await database.transaction('tables', (tables) =>
          countRows(tables, record.collection, tenantId),
        )
      }
      const keys = keyColumns(record.collection).map(quoted).join(', ')
      const count = await database.transaction(`walk ${run.id} ${record.collection}`, (tables) =>
        tables.row<{ rows: number | string }>(
          `SELECT count(*) AS rows FROM (SELECT DISTINCT ${keys} FROM ${quoted(staging(record))}) AS kept`,
        ),
      )
      return Number(count?.rows ?? 0)
    },
    publish: async (record, { onRows } = {}) => {
      const { collection } = record
      if (isSince(record)) return undefined
      const database = await target()
      const columns = columnsOf(collection)
      await database.transaction('tables', (tables) =>
        ensureFinalTable(database, tables, collection, columns),
      )
      onRows?.(0)
      const isPlain = record.distinctRows === record.writtenRows
      await database.transaction(`publish ${collection}`, async (tables) => {
        await moveCursors(tables, { collection: record, walks: [] })
        await replaceRows(database, tables, collection, {
          tenantId,
          columns,
          staging: staging(record),
          hasRepeats: !isPlain,
          ...(onRows === undefined ? {} : { onRows }),
        })
      })
      return `${database.place}, table ${collection}`
    },
    discard: async () => {
      const database = await target()
      await database.transaction('tables', (tables) => dropRun(tables, run.id))
    },
    close: async () => {
      const database = await opening?.catch(() => undefined)
      await database?.close()
    },
  }
}

/** True for a collection whose changes go into the table that readers see, page by page. */
function isSince({ delta }: CollectionRecord): boolean {
  return delta?.purpose === 'since'
}

/** The record beside the rows, with what only the store knows of the collection. */
function merged(stored: CollectionRecord, beside: CollectionRecord): CollectionRecord {
  const { writtenRows } = beside
  const delta = furtherOf(stored.delta, beside.delta)
  return { ...stored, ...(delta === undefined ? {} : { delta }), writtenRows }
}

/** Of one round, what stands beside the rows may be a page ahead; of another round it is nothing. */
function furtherOf(
  stored: CollectionRecord['delta'],
  beside: CollectionRecord['delta'],
): CollectionRecord['delta'] {
  const isSame = stored?.purpose === beside?.purpose && stored?.begin?.link === beside?.begin?.link
  return isSame && (beside?.pages ?? 0) > (stored?.pages ?? 0) ? beside : stored
}
