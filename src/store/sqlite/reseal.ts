import type { ResealPage } from '../store.ts'
import type { Connection } from './connection.ts'
import { sealedColumns, type SealedColumn, type SealedRow } from './sealed-places.ts'
import { readSealingKey, type Sealing } from './sealing.ts'

/** Where re-sealing stands: which column, which key's values, and the last row of them. */
interface Cursor {
  readonly column: number
  readonly keyId: string
  readonly sequence: number
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
  const page = await connection.read(() => nextRows(connection, cursor, limit))
  if (page === undefined) return { resealed: 0, unopened: 0, next: undefined }

  const { column, rows, next } = page
  let unopened = 0
  const opened = rows.flatMap((row) => {
    const place = column.placeOf(JSON.parse(row.names) as readonly string[])
    try {
      return [{ ...row, place, secret: sealing.open(row.sealed, place) }]
    } catch {
      unopened += 1
      return []
    }
  })
  if (opened.length === 0) return { resealed: 0, unopened, next: JSON.stringify(next) }
  const resealed = await connection.write(() => {
    let count = 0
    const swap = connection.prepare(
      `UPDATE ${column.table} SET ${column.column} = ? WHERE sequence = ? AND ${column.column} = ?`,
    )
    for (const { secret, place, sequence, sealed } of opened) {
      count += swap.run(sealing.seal(secret, place), sequence, sealed).changes
    }
    return count
  })
  return { resealed, unopened, next: JSON.stringify(next) }
}

/** The next values that another key sealed; undefined when there are none any more. */
function nextRows(
  connection: Connection,
  cursor: Cursor,
  limit: number,
):
  | { readonly column: SealedColumn; readonly rows: readonly SealedRow[]; readonly next: Cursor }
  | undefined {
  const sealingKey = readSealingKey(connection)
  for (let at = cursor; ;) {
    const column = sealedColumns[at.column]
    if (column === undefined) return undefined
    const rows = at.keyId === sealingKey ? [] : rowsOf(connection, column, at, limit)
    const last = rows.at(-1)
    if (last !== undefined) return { column, rows, next: { ...at, sequence: last.sequence } }
    const keyId = keyAfter(connection, column, at.keyId)
    at = keyId === undefined ? { ...start, column: at.column + 1 } : { ...at, keyId, sequence: 0 }
  }
}

function rowsOf(
  { prepare }: Connection,
  { table, column, names }: SealedColumn,
  { keyId, sequence }: Cursor,
  limit: number,
): readonly SealedRow[] {
  return prepare<[string, number, number], SealedRow>(
    `SELECT sequence, ${column} AS sealed, ${names} AS names FROM ${table}
     WHERE sealed_by = ? AND sequence > ? ORDER BY sequence LIMIT ?`,
  ).all(keyId, sequence, limit)
}

/** The next id of a key that seals something in the column; one step in its index. */
function keyAfter(
  { prepare }: Connection,
  { table }: SealedColumn,
  keyId: string,
): string | undefined {
  const row = prepare<[string], { key: string | null }>(
    `SELECT min(sealed_by) AS key FROM ${table} WHERE sealed_by > ?`,
  ).get(keyId)
  return row?.key ?? undefined
}
