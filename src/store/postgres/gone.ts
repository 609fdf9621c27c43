import type { PageCommit, UnseenQuery } from '../../imports/ports.ts'
import { standsAsEdge } from '../rows/edge-kinds.ts'
import type { Reader, Transaction } from './connection.ts'
import { markEdgesGone } from './edges.ts'
import { idOfKey, keyOfId } from './object-ids.ts'
import { rowsPerChunk, unmarkSeen } from './seen-marks.ts'
import { countRows, findSpace, writableSpace } from './spaces.ts'

/**
 * Marks rows that are known to be gone as deleted; returns how many were alive.
 *
 * @param owner The import that says so; refused when another one owns the rows.
 */
export async function markGone(
  transaction: Transaction,
  gone: NonNullable<PageCommit['gone']>,
  owner: string,
  now: number,
): Promise<number> {
  const { space_id: spaceId } = await writableSpace(transaction, gone, owner)
  const marked = standsAsEdge(gone.kind)
    ? await markEdgesGone(transaction, spaceId, gone, now)
    : await markObjectsGone(transaction, spaceId, gone, now)
  await countRows(transaction, spaceId, { marked })
  return marked
}

async function markObjectsGone(
  transaction: Transaction,
  spaceId: number,
  { ids, sequence }: NonNullable<PageCommit['gone']>,
  now: number,
): Promise<number> {
  const marked = await transaction.rows<{ readonly row_id: number }>(
    `UPDATE evergrant.directory_objects SET deleted_at = $1
     WHERE space_id = $2 AND object_id = ANY($3::text[]) AND deleted_at IS NULL
     RETURNING row_id`,
    [now, spaceId, ids.map(keyOfId)],
  )
  const rowIds = marked.map(({ row_id }) => row_id)
  if (rowIds.length > 0) await unmarkSeen(transaction, spaceId, sequence, rowIds)
  return rowIds.length
}

/** Lists live objects that a run has not met, over whole chunks, as its marks are kept. */
export async function listUnseen(
  reader: Reader,
  { after, limit, sequence, ...space }: UnseenQuery,
): Promise<{ readonly ids: readonly string[]; readonly next?: string }> {
  const known = await findSpace(reader, space)
  if (known === undefined) return { ids: [] }
  const first = Number(after ?? 0)
  const next = first + Math.max(Math.ceil(limit / rowsPerChunk), 1)
  const rows = await reader.rows<{ readonly object_id: string }>(
    `SELECT object_id FROM evergrant.directory_objects AS stored
     WHERE space_id = $1 AND row_id >= $2 AND row_id < $3 AND deleted_at IS NULL
       AND NOT EXISTS (
         SELECT FROM evergrant.directory_seen AS mark
         WHERE mark.run_sequence = $4 AND mark.space_id = $1
           AND mark.chunk = stored.row_id / ${rowsPerChunk}
           AND get_bit(mark.bits, stored.row_id % ${rowsPerChunk}) = 1)
     ORDER BY row_id`,
    [known.space_id, first * rowsPerChunk, next * rowsPerChunk, sequence],
  )
  const ids = rows.map(({ object_id }) => idOfKey(object_id))
  return { ids, ...(next * rowsPerChunk >= known.next_row ? {} : { next: String(next) }) }
}
