import type { PageRows } from '../../imports/ports.ts'
import type { Connection } from './connection.ts'
import { createMetIds, type MetIds } from './met-ids.ts'
import { addKeys, createKeyMover, findRowIds, textOfId } from './object-keys.ts'
import { markSeen } from './seen-marks.ts'
import { addRows, writableSpace, type Space, type SpaceRow } from './spaces.ts'

/** The rows of one page and what to write with them. */
export interface PageWrite extends Space {
  /** The import that writes; refused when another one owns the space. */
  readonly owner: string
  readonly sequence: number
  readonly page: PageRows
  readonly now: number
}

/** A run that fills an empty space, and the ids it has brought. */
interface FirstImport {
  readonly spaceId: number
  readonly sequence: number
  readonly met: MetIds
  /** Rows of the space after this run's last page; another number means that others wrote, too. */
  rows: number
}

/** Rows a single INSERT takes: fewer calls into SQLite, the same work within. */
const rowsPerInsert = 50

/**
 * Makes the writer of import pages: adds new objects, rewrites changed ones, leaves equal ones
 * untouched, revives deleted ones, and marks them all as seen. Of two rows with one id in a page
 * the later one counts. The caller holds a transaction.
 */
export function createPageWriter(connection: Connection): (write: PageWrite) => void {
  const { prepare } = connection
  const moveKeys = createKeyMover(connection)
  let first: FirstImport | undefined

  /**
   * Where each id stands; null for the new ones. While a run fills a space that was empty, only an
   * id it has met itself can stand there, so that hardly any has to be looked up.
   */
  const locate = (
    space: SpaceRow,
    sequence: number,
    texts: readonly string[],
  ): (number | null)[] => {
    const spaceId = space.space_id
    const isSame = first?.spaceId === spaceId && first.sequence === sequence
    const rows = space.objects + space.tombstones
    if (!isSame || first?.rows !== rows) {
      first = rows === 0 ? { spaceId, sequence, met: createMetIds(), rows } : undefined
    }
    if (first === undefined) return findRowIds(connection, spaceId, texts)
    const { met } = first
    const suspects = texts.filter((text) => met.add(text))
    if (suspects.length === 0) return texts.map(() => null)
    const found = findRowIds(connection, spaceId, suspects)
    const rowIds = new Map(suspects.map((text, i) => [text, found[i] ?? null]))
    return texts.map((text) => rowIds.get(text) ?? null)
  }

  return ({ tenantId, kind, owner, sequence, page, now }) => {
    const space = writableSpace(connection, { tenantId, kind }, owner)
    if (page.length === 0) return
    const spaceId = space.space_id
    const { texts, indexes } = distinct(page)
    const known = locate(space, sequence, texts)
    const firstRowId = nextRowId(connection)

    const standing = prepare<[string | Uint8Array, number], { same: 0 | 1; dead: 0 | 1 }>(
      `SELECT properties = CAST(? AS TEXT) AS same, deleted_at IS NOT NULL AS dead
       FROM directory_objects WHERE row_id = ?`,
    )
    const rewrite = prepare(
      `UPDATE directory_objects SET properties = CAST(? AS TEXT), updated_at = ?, deleted_at = NULL
       WHERE row_id = ?`,
    )
    let revived = 0
    const freshTexts: string[] = []
    const fresh: unknown[] = []
    const rowIds: number[] = []
    for (const [position, text] of texts.entries()) {
      const index = indexes[position] ?? 0
      // Bytes as they came spare SQLite the way over a text.
      const json = page.bytes?.(index) ?? page.json(index)
      const rowId = known[position] ?? null
      if (rowId === null) {
        const newRowId = firstRowId + freshTexts.length
        freshTexts.push(text)
        fresh.push(newRowId, spaceId, now, json)
        rowIds.push(newRowId)
        continue
      }
      const found = standing.get(json, rowId)
      if (found?.same !== 1 || found.dead === 1) rewrite.run(json, now, rowId)
      revived += found?.dead ?? 0
      rowIds.push(rowId)
    }

    if (freshTexts.length > 0) {
      insertObjects(connection, fresh)
      addKeys(connection, spaceId, freshTexts, firstRowId)
      moveKeys(firstRowId)
      if (first !== undefined) first.rows = space.objects + space.tombstones + freshTexts.length
    }
    addRows(connection, spaceId, freshTexts.length, revived)
    markSeen(connection, spaceId, sequence, rowIds)
  }
}

/** The page's ids without repetition, each with the index of its last row. */
function distinct(page: PageRows): { readonly texts: string[]; readonly indexes: number[] } {
  const lastIndex = new Map<string, number>()
  for (let index = 0; index < page.length; index++) {
    const id = page.ids[index]
    if (id !== undefined) lastIndex.set(textOfId(id), index)
  }
  return { texts: [...lastIndex.keys()], indexes: [...lastIndex.values()] }
}

function nextRowId({ prepare }: Connection): number {
  const last = prepare<[], { rowId: number | null }>(
    'SELECT max(row_id) AS rowId FROM directory_objects',
  ).get()
  return (last?.rowId ?? 0) + 1
}

const columns = 4
const insertOne =
  'INSERT INTO directory_objects (row_id, space_id, updated_at, properties) VALUES (?, ?, ?, CAST(? AS TEXT))'
const insertBatch = insertOne + ', (?, ?, ?, CAST(? AS TEXT))'.repeat(rowsPerInsert - 1)

function insertObjects({ prepare }: Connection, values: readonly unknown[]): void {
  const batch = rowsPerInsert * columns
  const many = prepare(insertBatch)
  let at = 0
  for (; at + batch <= values.length; at += batch) {
    many.run(values.slice(at, at + batch))
  }
  const one = prepare(insertOne)
  for (; at < values.length; at += columns) one.run(...values.slice(at, at + columns))
}
