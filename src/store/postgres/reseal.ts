import type { ResealPage } from '../store.ts'
import type { Connection, Reader } from './connection.ts'
import { sealedColumns, type SealedColumn } from './sealed-places.ts'
import { readSealingKey, type Sealing } from './sealing.ts'

/** Where re-sealing stands: which column, which key's values, and the last row of them. */
interface Cursor {
  readonly column: number
  readonly keyId: string
  readonly sequence: number
}

/** A row with a sealed value. */
interface SealedRow {
  readonly sequence: number
  readonly sealed: Uint8Array
  readonly names: readonly string[]
}

const start: Cursor = { column: 0, keyId: '', sequence: 0 }

/**
 * Seals up to `limit` values of one key in one column anew. Values are read first and sealed inside
 * the transaction that writes them, each only where its bytes are still those that were read.
 *
 * @param after What the page before gave as `next`.
 */
export async function resealPage(
  connection: Connection,
  sealing: Sealing,
  after: string | undefined,
  limit: number,
): Promise<ResealPage> {
  const cursor = after === undefined ? start : (JSON.parse(after) as Cursor)
  const page = await connection.read(async (reader) => await nextRows(reader, cursor, limit))
  if (page === undefined) return { resealed: 0, unopened: 0, next: undefined }

  const { column, keyId, rows, next } = page
  let unopened = 0
  const opened = rows.flatMap((row) => {
    const place = column.placeOf(row.names)
    try {
      return [{ ...row, place, secret: sealing.open(row.sealed, place) }]
    } catch {
      unopened += 1
      return []
    }
  })
  if (opened.length === 0) return { resealed: 0, unopened, next: JSON.stringify(next) }
  const resealed = await connection.write(async (transaction) => {
    const seal = await sealing.within(transaction)
    return await transaction.run(
      `UPDATE evergrant.${column.table} AS stored SET ${column.column} = fresh.sealed
       FROM unnest($2::bigint[], $3::bytea[], $4::bytea[]) AS fresh (sequence, was, sealed)
       WHERE stored.sealed_by = $1 AND stored.sequence = fresh.sequence
         AND stored.${column.column} = fresh.was`,
      [
        keyId,
        opened.map(({ sequence }) => sequence),
        opened.map(({ sealed }) => sealed),
        opened.map(({ secret, place }) => seal(secret, place)),
      ],
    )
  })
  return { resealed, unopened, next: JSON.stringify(next) }
}

/** The next values that another key sealed; undefined when there are none any more. */
async function nextRows(
  reader: Reader,
  cursor: Cursor,
  limit: number,
): Promise<
  | {
      readonly column: SealedColumn
      readonly keyId: string
      readonly rows: readonly SealedRow[]
      readonly next: Cursor
    }
  | undefined
> {
  const sealingKey = await readSealingKey(reader)
  for (let at = cursor; ;) {
    const column = sealedColumns[at.column]
    if (column === undefined) return undefined
    const rows = at.keyId === sealingKey ? [] : await rowsOf(reader, column, at, limit)
    const last = rows.at(-1)
    if (last !== undefined) {
      return { column, keyId: at.keyId, rows, next: { ...at, sequence: last.sequence } }
    }
    const keyId = await keyAfter(reader, column, at.keyId)
    at = keyId === undefined ? { ...start, column: at.column + 1 } : { ...at, keyId, sequence: 0 }
  }
}

async function rowsOf(
  reader: Reader,
  { table, column, names }: SealedColumn,
  { keyId, sequence }: Cursor,
  limit: number,
): Promise<readonly SealedRow[]> {
  return await reader.rows<SealedRow>(
    `SELECT sequence, ${column} AS sealed, ARRAY[${names.join(', ')}]::text[] AS names
     FROM evergrant.${table}
     WHERE sealed_by = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`,
    [keyId, sequence, limit],
  )
}

/** The next id of a key that seals something in the column; one step in its index. */
async function keyAfter(
  reader: Reader,
  { table }: SealedColumn,
  keyId: string,
): Promise<string | undefined> {
  const row = await reader.row<{ key: string | null }>(
    `SELECT min(sealed_by) AS key FROM evergrant.${table} WHERE sealed_by > $1`,
    [keyId],
  )
  return row?.key ?? undefined
}
