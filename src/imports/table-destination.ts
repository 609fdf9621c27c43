import type { CollectionName } from '../directory/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { Destination } from './destination.ts'
import type { ImportedRows } from './imported-rows.ts'
import type { RunRecord, WalkRecord } from './ports.ts'
import { quoted } from './sql-names.ts'
import type { TargetDatabase, TargetTables } from './target-database.ts'
import {
  cursorTable,
  dropRun,
  ensureCursorTable,
  ensureFinalTable,
  ensureStaging,
  keyColumns,
  replaceRows,
  runsWithCursors,
  stagingName,
} from './target-tables.ts'

interface CursorRow {
  readonly fence: number | string
  readonly walk: string
}

/**
 * Writes tables of a database: `users`, `groups`, `members`, each with `tenant_id` and the selected
 * columns. Rows are staged in a table of the run; the cursor of record stands beside them, in
 * `_evergrant_cursor`, and moves in the same transaction. Publishing replaces the tenant's rows in
 * one transaction, so that readers see the old snapshot or the new one; the table itself, its
 * views, grants and further columns stay.
 *
 * A fence keeps earlier owners of the run out: opening a walk raises a number in the cursor's row,
 * under the run's ownership check on both sides of it, and whoever holds an older number writes
 * nothing any more.
 *
 * @param open Connects; called once, when the first walk is opened.
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
  const staging = (walk: Pick<WalkRecord, 'collection'>): string =>
    stagingName(walk.collection, run.id)

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

  /** Reads the cursor's row, made when there is none. */
  async function readCursor(tables: TargetTables, walk: WalkRecord): Promise<CursorRow> {
    const select = `SELECT fence, walk FROM ${cursorTable}
      WHERE run_id = $1 AND collection = $2 AND shard = $3`
    const key = [run.id, walk.collection, walk.shard]
    const known = await tables.row<CursorRow>(select, key)
    if (known !== undefined) return known
    if (walk.pages > 0) throw changed(walk, 'its cursor is gone')
    const row = { fence: 0, walk: JSON.stringify(walk) }
    await tables.run(
      `INSERT INTO ${cursorTable} (run_id, collection, shard, tenant_id, fence, walk)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [...key, tenantId, row.fence, row.walk],
    )
    return row
  }

  /** Moves the cursor, provided that this owner's fence still stands. */
  async function moveCursor(tables: TargetTables, walk: WalkRecord): Promise<void> {
    const changes = await tables.run(
      `UPDATE ${cursorTable} SET walk = $1
       WHERE run_id = $2 AND collection = $3 AND shard = $4 AND fence = $5`,
      [
        JSON.stringify(walk),
        run.id,
        walk.collection,
        walk.shard,
        fences.get(walk.collection) ?? -1,
      ],
    )
    if (changes === 1) return
    throw new EvergrantError(
      'import_interrupted',
      `another process has taken over the run "${run.id}", or has ended it`,
    )
  }

  function changed(walk: WalkRecord, detail: string): EvergrantError {
    return new EvergrantError(
      'destination_changed',
      `what ${run.id} had written of ${walk.collection} was changed: ${detail}`,
    )
  }

  return {
    openWalk: async (walk, save) => {
      const database = await target()
      const columns = columnsOf(walk.collection)
      for (;;) {
        const seen = await database.transaction('tables', async (tables) => {
          await ensureStaging(database, tables, staging(walk), columns)
          return await readCursor(tables, walk)
        })
        // An owner that has lost the run ends here, before it can raise the fence.
        await save(walk)
        const fence = Number(seen.fence) + 1
        const opened = await database.transaction('tables', async (tables) => {
          // Raised meanwhile, by an owner that lost the run behind its own check: once more.
          const raised = await tables.run(
            `UPDATE ${cursorTable} SET fence = $1
             WHERE run_id = $2 AND collection = $3 AND shard = $4 AND fence = $5`,
            [fence, run.id, walk.collection, walk.shard, Number(seen.fence)],
          )
          if (raised === 0) return undefined
          const row = await readCursor(tables, walk)
          const count = await tables.row<{ rows: number | string }>(
            `SELECT count(*) AS rows FROM ${quoted(staging(walk))}`,
          )
          return { walk: JSON.parse(row.walk) as WalkRecord, rows: Number(count?.rows) }
        })
        if (opened === undefined) continue
        if (opened.rows !== opened.walk.rows) {
          throw changed(walk, `expected ${opened.walk.rows} rows, but found ${opened.rows}`)
        }
        fences.set(walk.collection, fence)
        const found = merged(walk, opened.walk)
        await save(found)
        return found
      }
    },
    pagesPerCommit: 4,
    write: async ({ to, batch }) => {
      const database = await target()
      const cells = batch.flatMap((rows: ImportedRows) =>
        Array.from({ length: rows.length }, (_row, index) => rows.cells(index)),
      )
      await database.transaction(`walk ${run.id} ${to.collection}`, async (tables) => {
        await moveCursor(tables, to)
        await tables.insert(staging(to), columnsOf(to.collection), cells)
      })
      return { walk: to }
    },
    restartWalk: async (walk) => {
      const database = await target()
      await database.transaction(`walk ${run.id} ${walk.collection}`, async (tables) => {
        await moveCursor(tables, walk)
        await tables.run(`DELETE FROM ${quoted(staging(walk))}`)
      })
    },
    countDistinct: async (walk) => {
      const database = await target()
      const keys = keyColumns(walk.collection).map(quoted).join(', ')
      const count = await database.transaction(`walk ${run.id} ${walk.collection}`, (tables) =>
        tables.row<{ rows: number | string }>(
          `SELECT count(*) AS rows FROM (SELECT DISTINCT ${keys} FROM ${quoted(staging(walk))}) AS kept`,
        ),
      )
      return Number(count?.rows ?? 0)
    },
    publish: async (collection, [walk]) => {
      if (walk === undefined) return undefined
      const database = await target()
      const columns = columnsOf(collection)
      await database.transaction('tables', (tables) =>
        ensureFinalTable(database, tables, collection, columns),
      )
      const isPlain = walk.distinctRows === walk.rows
      await database.transaction(`publish ${collection}`, async (tables) => {
        await moveCursor(tables, walk)
        await replaceRows(database, tables, collection, {
          tenantId,
          columns,
          staging: staging(walk),
          hasRepeats: !isPlain,
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

/** The cursor of record, with what only the store knows of the walk. */
function merged(stored: WalkRecord, cursor: WalkRecord): WalkRecord {
  const { countBefore, countAfter, distinctRows, verdict, detail } = stored
  const known = { countBefore, countAfter, distinctRows, verdict, detail }
  const facts = Object.entries(known).filter(([, value]) => value !== undefined)
  return { ...cursor, ...(Object.fromEntries(facts) as Partial<WalkRecord>) }
}
