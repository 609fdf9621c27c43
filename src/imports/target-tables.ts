import { collections, type CollectionName } from '../directory/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { piecesOf } from './at-once.ts'
import type { Cell } from './row-values.ts'
import { quoted } from './sql-names.ts'
import type { TargetDatabase, TargetTables } from './target-database.ts'

/** Where the cursors of unfinished runs stand, beside their rows. */
export const cursorTable = '_evergrant_cursor'
/** PostgreSQL cuts longer names. */
const longestName = 63
/** Rows put in place by one statement. */
const rowsPerStep = 20_000
/** Ids named in one statement. */
const idsPerStatement = 200

/** The columns that make a row one, without the tenant. */
export function keyColumns(collection: CollectionName): readonly string[] {
  return collections[collection].keyColumns
}

/** The table that holds what a run has read of a collection. */
export function stagingName(collection: CollectionName, runId: string): string {
  return `_evergrant_${collection}_${runId.replace(/^run_/, '').replaceAll(/\W/g, '')}`
}

/** Makes the table of cursors when there is none: also the proof that the database can be written. */
export async function ensureCursorTable(tables: TargetTables): Promise<void> {
  await tables.run(
    `CREATE TABLE IF NOT EXISTS ${cursorTable} (
       run_id text NOT NULL,
       collection text NOT NULL,
       shard integer NOT NULL,
       tenant_id text NOT NULL,
       fence bigint NOT NULL,
       walk text NOT NULL,
       PRIMARY KEY (run_id, collection, shard))`,
  )
}

/** Ids of the runs that have left something behind, whichever Evergrant they belong to. */
export async function runsWithCursors(tables: TargetTables): Promise<readonly string[]> {
  const rows = await tables.rows<{ run_id: string }>(`SELECT DISTINCT run_id FROM ${cursorTable}`)
  return rows.map((row) => row.run_id)
}

/** Removes what an unfinished run has staged, and its cursors, so that it writes no more. */
export async function dropRun(tables: TargetTables, runId: string): Promise<void> {
  const rows = await tables.rows<{ collection: CollectionName }>(
    `SELECT DISTINCT collection FROM ${cursorTable} WHERE run_id = $1`,
    [runId],
  )
  await tables.run(`DELETE FROM ${cursorTable} WHERE run_id = $1`, [runId])
  for (const { collection } of rows) {
    await tables.run(`DROP TABLE IF EXISTS ${quoted(stagingName(collection, runId))}`)
  }
}

/** Makes the staging table of a walk when there is none. */
export async function ensureStaging(
  database: TargetDatabase,
  tables: TargetTables,
  name: string,
  columns: readonly string[],
): Promise<void> {
  const list = columns.map((column) => `${quoted(column)} text`).join(', ')
  await tables.run(
    `CREATE TABLE IF NOT EXISTS ${quoted(name)} (row_number ${database.rowNumberType}, ${list})`,
  )
}

/** Takes rows of objects out of a table by their ids; returns how many. */
export async function deleteIds(
  tables: TargetTables,
  name: string,
  ids: readonly string[],
): Promise<number> {
  let deleted = 0
  for (const some of piecesOf(ids, idsPerStatement)) {
    const places = placesFor(some, 1)
    deleted += await tables.run(`DELETE FROM ${quoted(name)} WHERE "id" IN (${places})`, some)
  }
  return deleted
}

/** Takes staged edges of some sources out again, in steps; returns how many. */
export async function deleteStaged(
  tables: TargetTables,
  collection: CollectionName,
  name: string,
  sources: readonly string[],
): Promise<number> {
  const [source = ''] = keyColumns(collection)
  let deleted = 0
  for (const some of piecesOf(sources, idsPerStatement)) {
    const step = `DELETE FROM ${quoted(name)} WHERE row_number IN (
      SELECT row_number FROM ${quoted(name)}
      WHERE ${quoted(source)} IN (${placesFor(some, 1)}) LIMIT ${rowsPerStep})`
    for (let taken = rowsPerStep; taken === rowsPerStep; deleted += taken) {
      taken = await tables.run(step, some)
    }
  }
  return deleted
}

/** Rows of a tenant that wait in a table of their own. */
interface Staged {
  readonly tenantId: string
  readonly columns: readonly string[]
  readonly staging: string
}

/**
 * Puts the staged edges of some sources in the place of those that a tenant's table holds of them,
 * and takes them out of the staging table; returns how many stood there. The caller holds a
 * transaction. Of edges met twice the last one counts.
 */
export async function replaceEdges(
  database: TargetDatabase,
  tables: TargetTables,
  collection: CollectionName,
  from: Staged & { readonly sources: readonly string[] },
): Promise<number> {
  const [source = ''] = keyColumns(collection).map(quoted)
  let staged = 0
  for (const some of piecesOf(from.sources, idsPerStatement)) {
    await deleteEdges(database, tables, collection, { ...from, sources: some })
    const only = { column: source, values: some }
    await insertStaged(tables, collection, { ...from, hasRepeats: true, only })
    staged += await deleteStaged(tables, collection, from.staging, some)
  }
  return staged
}

async function deleteEdges(
  database: TargetDatabase,
  tables: TargetTables,
  collection: CollectionName,
  { tenantId, sources }: { readonly tenantId: string; readonly sources: readonly string[] },
): Promise<void> {
  const table = quoted(collection)
  const [source = '', other = ''] = keyColumns(collection).map(quoted)
  if (database.blocksThread) {
    const step = `DELETE FROM ${table} WHERE tenant_id = $1 AND ${source} = $2 AND ${other} <= (
      SELECT ${other} FROM ${table} WHERE tenant_id = $3 AND ${source} = $4
      ORDER BY ${other} LIMIT 1 OFFSET ${rowsPerStep - 1})`
    for (const id of sources) while ((await tables.run(step, [tenantId, id, tenantId, id])) > 0);
  }
  await tables.run(
    `DELETE FROM ${table} WHERE tenant_id = $1 AND ${source} IN (${placesFor(sources, 2)})`,
    [tenantId, ...sources],
  )
}

function placesFor(values: readonly unknown[], first: number): string {
  return values.map((_value, i) => `$${first + i}`).join(', ')
}

/** Makes the table that readers see when there is none, and adds columns it lacks. */
export async function ensureFinalTable(
  database: TargetDatabase,
  tables: TargetTables,
  collection: CollectionName,
  columns: readonly string[],
): Promise<void> {
  await checkFinalTable(database, tables, collection, columns)
  const keys = ['tenant_id', ...keyColumns(collection)]
  const list = keys.map((column) => `${quoted(column)} text NOT NULL`).join(', ')
  await tables.run(
    `CREATE TABLE IF NOT EXISTS ${quoted(collection)}
       (${list}, PRIMARY KEY (${keys.map(quoted).join(', ')}))`,
  )
  const known = (await tables.describe(collection))?.columns ?? []
  for (const column of missing(database, known, columns)) {
    await tables.run(`ALTER TABLE ${quoted(collection)} ADD COLUMN ${quoted(column)} text`)
  }
}

/**
 * Puts the staged rows in the place of a tenant's rows, in steps that leave the thread free in
 * between. The caller holds a transaction. Of rows met twice the last one counts.
 */
export async function replaceRows(
  database: TargetDatabase,
  tables: TargetTables,
  collection: CollectionName,
  from: Staged & { readonly hasRepeats: boolean; readonly onRows?: (rows: number) => void },
): Promise<void> {
  await deleteRows(database, tables, collection, from.tenantId)
  await insertStaged(tables, collection, from)
}

/** Adds staged rows to a tenant's, in steps: all, or `only` those with certain values. */
async function insertStaged(
  tables: TargetTables,
  collection: CollectionName,
  from: Staged & {
    readonly hasRepeats: boolean
    readonly only?: { readonly column: string; readonly values: readonly string[] }
    /** Hears how many rows were added, step by step. */
    readonly onRows?: (rows: number) => void
  },
): Promise<void> {
  const names = from.columns.map(quoted).join(', ')
  const keys = keyColumns(collection).map(quoted)
  const staging = quoted(from.staging)
  const { column = '', values = [] } = from.only ?? {}
  const wanted = (first: number): string =>
    from.only === undefined ? '1 = 1' : `${column} IN (${placesFor(values, first)})`
  let last = ''
  if (from.hasRepeats) {
    await tables.run(
      `CREATE INDEX IF NOT EXISTS ${quoted(`${from.staging}_keys`)}
         ON ${staging} (${keys.join(', ')}, row_number)`,
    )
    const same = keys.map((key) => `later.${key} = staged.${key}`).join(' AND ')
    last = `AND NOT EXISTS (SELECT 1 FROM ${staging} AS later
      WHERE ${same} AND later.row_number > staged.row_number)`
  }
  const insert = `INSERT INTO ${quoted(collection)} (tenant_id, ${names})
    SELECT CAST($1 AS text), ${names} FROM ${staging} AS staged
    WHERE row_number >= $2 AND row_number < $3 AND ${wanted(4)} ${last}`
  const ends = await tables.row<{ first: number | string | null; last: number | string | null }>(
    `SELECT min(row_number) AS first, max(row_number) AS last FROM ${staging} WHERE ${wanted(1)}`,
    values,
  )
  const end = Number(ends?.last ?? -1)
  let added = 0
  for (let row = Number(ends?.first ?? 0); row <= end; row += rowsPerStep) {
    added += await tables.run(insert, [from.tenantId, row, row + rowsPerStep, ...values])
    from.onRows?.(added)
  }
}

/** Puts changed rows of objects in the place of a tenant's older ones, and takes others away. */
export async function updateRows(
  tables: TargetTables,
  collection: CollectionName,
  change: {
    readonly tenantId: string
    readonly columns: readonly string[]
    readonly rows: readonly (readonly Cell[])[]
    readonly gone: readonly string[]
  },
): Promise<void> {
  const { columns, gone, rows, tenantId } = change
  const idAt = columns.indexOf('id')
  const newest = new Map(rows.map((row) => [String(row[idAt]), [tenantId, ...row]]))
  for (const some of piecesOf([...newest.keys(), ...gone], idsPerStatement)) {
    const places = placesFor(some, 2)
    await tables.run(
      `DELETE FROM ${quoted(collection)} WHERE tenant_id = $1 AND "id" IN (${places})`,
      [tenantId, ...some],
    )
  }
  await tables.insert(collection, ['tenant_id', ...columns], [...newest.values()])
}

/** Counts a tenant's rows in the table that readers see. */
export async function countRows(
  tables: TargetTables,
  collection: CollectionName,
  tenantId: string,
): Promise<number> {
  const count = await tables.row<{ rows: number | string }>(
    `SELECT count(*) AS rows FROM ${quoted(collection)} WHERE tenant_id = $1`,
    [tenantId],
  )
  return Number(count?.rows ?? 0)
}

async function deleteRows(
  database: TargetDatabase,
  tables: TargetTables,
  collection: CollectionName,
  tenantId: string,
): Promise<void> {
  const table = quoted(collection)
  const ofTenant = `FROM ${table} WHERE tenant_id = $1`
  if (database.blocksThread) {
    const keys = keyColumns(collection).map(quoted).join(', ')
    const step = `DELETE ${ofTenant} AND (${keys}) <= (
      SELECT ${keys} FROM ${table} WHERE tenant_id = $2
      ORDER BY ${keys} LIMIT 1 OFFSET ${rowsPerStep - 1})`
    while ((await tables.run(step, [tenantId, tenantId])) > 0);
  }
  await tables.run(`DELETE ${ofTenant}`, [tenantId])
}

/**
 * Sees that a collection can be published here: that nothing but a table stands in its place, that
 * rows can be put into it and taken out of it, and that no other table would lose rows with them.
 *
 * @throws EvergrantError `destination_unwritable`
 */
export async function checkFinalTable(
  database: TargetDatabase,
  tables: TargetTables,
  collection: CollectionName,
  columns: readonly string[],
): Promise<void> {
  const refuse = (detail: string, remedy: string): EvergrantError =>
    new EvergrantError('destination_unwritable', `${database.place}: ${detail}`, { remedy })
  const name = columns.find((column) => column.length > longestName)
  if (name !== undefined || columns.some((column) => /^(tenant_id|row_number)$/i.test(column))) {
    throw refuse(
      `a selected column cannot be one of a table${name === undefined ? '' : `: ${name}`}`,
      `Leave it out of the selected columns: names of at most ${longestName} characters, not tenant_id or row_number.`,
    )
  }
  const found = await tables.describe(collection)
  if (found === undefined) return
  const another = 'Name another database, or move that out of the way.'
  if (!found.isTable) throw refuse(`"${collection}" is there, but is no table`, another)
  const lacking = missing(database, found.columns, ['tenant_id', ...keyColumns(collection)])
  if (lacking.length > 0) {
    throw refuse(`the table "${collection}" has no column "${lacking.join('", "')}"`, another)
  }
  const ours = ['tenant_id', ...columns]
  const required = missing(database, ours, found.required)
  if (required.length > 0) {
    const seen = `the table "${collection}" wants a value for "${required.join('", "')}" in each row`
    throw refuse(seen, `Give that column a default, or let it be null. ${another}`)
  }
  if (found.referencedBy !== undefined) {
    throw refuse(
      `a foreign key of "${found.referencedBy}" points to the table "${collection}", whose rows are replaced as a whole`,
      `Remove that foreign key: it would keep rows from being replaced, or lose its own with them. ${another}`,
    )
  }
  // Without a row: the database sees to privileges and to the types of the columns all the same.
  const known = ours.filter((column) => missing(database, found.columns, [column]).length === 0)
  const nothing = known.map(() => 'CAST(NULL AS text)').join(', ')
  const into = `${quoted(collection)} (${known.map(quoted).join(', ')})`
  await tables.run(`INSERT INTO ${into} SELECT ${nothing} WHERE 1 = 0`)
  await tables.run(`DELETE FROM ${quoted(collection)} WHERE 1 = 0`)
}

function missing(
  database: TargetDatabase,
  known: readonly string[],
  wanted: readonly string[],
): readonly string[] {
  const spelt = (name: string): string => (database.foldsCase ? name.toLowerCase() : name)
  const names = new Set(known.map(spelt))
  return wanted.filter((name) => !names.has(spelt(name)))
}
