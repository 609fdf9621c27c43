import type { PageCommit, UnseenQuery } from '../../imports/ports.ts'
import { standsAsEdge } from '../rows/edge-kinds.ts'
import type { Connection } from './connection.ts'
import { markEdgesGone } from './edges.ts'
import { findRowIds, textOfId } from './object-keys.ts'
import { isMarked, readMarks, rowsPerChunk, unmarkSeen } from './seen-marks.ts'
import { addTombstones, findSpace, writableSpace } from './spaces.ts'

/**
 * Marks rows that are known to be gone as deleted; returns how many were alive. The caller holds a
 * transaction.
 *
 * @param owner The import that says so; refused when another one owns the rows.
 */
export function markGone(
  connection: Connection,
  gone: NonNullable<PageCommit['gone']>,
  owner: string,
  now: number,
): number {
  const { space_id: spaceId } = writableSpace(connection, gone, owner)
  const marked = standsAsEdge(gone.kind)
    ? markEdgesGone(connection, spaceId, gone, now)
    : markObjectsGone(connection, spaceId, gone, now)
  if (marked > 0) addTombstones(connection, spaceId, marked)
  return marked
}

function markObjectsGone(
  connection: Connection,
  spaceId: number,
  { ids, sequence }: NonNullable<PageCommit['gone']>,
  now: number,
): number {
  const texts = [...new Set(ids.map(textOfId))]
  const mark = connection.prepare(
    'UPDATE directory_objects SET deleted_at = ? WHERE row_id = ? AND deleted_at IS NULL',
  )
  const marked: number[] = []
  for (const rowId of findRowIds(connection, spaceId, texts)) {
    if (rowId !== null && mark.run(now, rowId).changes > 0) marked.push(rowId)
  }
  unmarkSeen(connection, spaceId, sequence, marked)
  return marked.length
}

/** Lists live objects that a run has not met, chunk by chunk, as its marks are kept. */
export function listUnseen(
  connection: Connection,
  { after, limit, sequence, ...space }: UnseenQuery,
): { readonly ids: readonly string[]; readonly next?: string } {
  const { prepare } = connection
  const known = findSpace(connection, space)
  if (known === undefined) return { ids: [] }
  const spaceId = known.space_id
  const last = prepare<[], number | null>('SELECT max(row_id) FROM directory_objects').pluck().get()
  const lastChunk = Math.floor((last ?? 0) / rowsPerChunk)
  const live = prepare<unknown[], { row_id: number; id: string }>(
    `SELECT row_id, properties ->> 'id' AS id FROM directory_objects
     WHERE row_id >= ? AND row_id < ? AND space_id = ? AND deleted_at IS NULL`,
  )
  const ids: string[] = []
  let chunk = Number(after ?? 0)
  for (let seen = 0; chunk <= lastChunk && seen < limit; chunk++, seen += rowsPerChunk) {
    const marks = readMarks(connection, spaceId, sequence, chunk)
    const from = chunk * rowsPerChunk
    for (const row of live.iterate(from, from + rowsPerChunk, spaceId)) {
      if (!isMarked(marks, row.row_id)) ids.push(row.id)
    }
  }
  return { ids, ...(chunk > lastChunk ? {} : { next: String(chunk) }) }
}
