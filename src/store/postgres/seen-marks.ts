import type { Reader, Transaction } from './connection.ts'

/*
 * Which objects a run has seen is kept as bits, one a row, in chunks of neighbouring rows. Marking a
 * page writes one or two chunks instead of 999 rows, and a row met twice counts once. The lowest bit
 * of a byte comes first, as `get_bit` counts.
 */

/** Rows whose marks stand in one chunk; the first has a multiple of it as its number. */
export const rowsPerChunk = 4_096

interface Chunk {
  readonly chunk: number
  seen: number
  readonly bits: Buffer
}

/** Marks rows as seen by a run. The caller holds the lock of the space. */
export async function markSeen(
  transaction: Transaction,
  spaceId: number,
  sequence: number,
  rowIds: readonly number[],
): Promise<void> {
  const wanted = [...new Set(rowIds.map((rowId) => Math.floor(rowId / rowsPerChunk)))]
  const found = await transaction.rows<Chunk>(
    `SELECT chunk, seen, bits FROM evergrant.directory_seen
     WHERE run_sequence = $1 AND space_id = $2 AND chunk = ANY($3::bigint[])`,
    [sequence, spaceId, wanted],
  )
  const chunks = new Map(found.map((each) => [each.chunk, each]))
  for (const rowId of rowIds) mark(chunks, rowId)
  const changed = [...chunks.values()]
  await transaction.run(
    `INSERT INTO evergrant.directory_seen (run_sequence, space_id, chunk, seen, bits)
     SELECT $1, $2, * FROM unnest($3::bigint[], $4::int[], $5::bytea[])
     ON CONFLICT (run_sequence, space_id, chunk)
     DO UPDATE SET seen = excluded.seen, bits = excluded.bits
     WHERE directory_seen.seen <> excluded.seen`,
    [
      sequence,
      spaceId,
      changed.map(({ chunk }) => chunk),
      changed.map(({ seen }) => seen),
      changed.map(({ bits }) => bits),
    ],
  )
}

function mark(chunks: Map<number, Chunk>, rowId: number): void {
  const index = Math.floor(rowId / rowsPerChunk)
  let chunk = chunks.get(index)
  if (chunk === undefined) {
    chunk = { chunk: index, seen: 0, bits: Buffer.alloc(rowsPerChunk / 8) }
    chunks.set(index, chunk)
  }
  const bit = rowId % rowsPerChunk
  const before = chunk.bits[bit >> 3] ?? 0
  const after = before | (1 << (bit & 7))
  if (after === before) return
  chunk.bits[bit >> 3] = after
  chunk.seen += 1
}

/**
 * Takes the marks of rows back, which a run has met and that are gone since. The caller holds the
 * lock of the space.
 */
export async function unmarkSeen(
  transaction: Transaction,
  spaceId: number,
  sequence: number,
  rowIds: readonly number[],
): Promise<void> {
  const found = await transaction.rows<Chunk>(
    `SELECT chunk, seen, bits FROM evergrant.directory_seen
     WHERE run_sequence = $1 AND space_id = $2 AND chunk = ANY($3::bigint[])`,
    [sequence, spaceId, [...new Set(rowIds.map((rowId) => Math.floor(rowId / rowsPerChunk)))]],
  )
  const chunks = new Map(found.map((each) => [each.chunk, each]))
  for (const rowId of rowIds) {
    const chunk = chunks.get(Math.floor(rowId / rowsPerChunk))
    const bit = rowId % rowsPerChunk
    const before = chunk?.bits[bit >> 3] ?? 0
    const after = before & ~(1 << (bit & 7))
    if (chunk === undefined || after === before) continue
    chunk.bits[bit >> 3] = after
    chunk.seen -= 1
  }
  const changed = [...chunks.values()]
  await transaction.run(
    `UPDATE evergrant.directory_seen AS mark SET seen = given.seen, bits = given.bits
     FROM unnest($3::bigint[], $4::int[], $5::bytea[]) AS given (chunk, seen, bits)
     WHERE mark.run_sequence = $1 AND mark.space_id = $2 AND mark.chunk = given.chunk`,
    [
      sequence,
      spaceId,
      changed.map(({ chunk }) => chunk),
      changed.map(({ seen }) => seen),
      changed.map(({ bits }) => bits),
    ],
  )
}

/** Counts the distinct objects of a space that a run has seen. */
export async function countSeenObjects(
  reader: Reader,
  spaceId: number,
  sequence: number,
): Promise<number> {
  const sum = await reader.row<{ seen: number }>(
    `SELECT coalesce(sum(seen), 0)::bigint AS seen FROM evergrant.directory_seen
     WHERE run_sequence = $1 AND space_id = $2`,
    [sequence, spaceId],
  )
  return sum?.seen ?? 0
}

/** Drops the marks of all finished runs of that name but the newest. */
export async function dropOldMarks(transaction: Transaction, name: string): Promise<void> {
  await transaction.run(
    `DELETE FROM evergrant.directory_seen WHERE run_sequence IN (
       SELECT sequence FROM evergrant.import_runs
       WHERE name = $1 AND state IN ('completed', 'failed', 'cancelled')
       ORDER BY sequence DESC OFFSET 1)`,
    [name],
  )
}
