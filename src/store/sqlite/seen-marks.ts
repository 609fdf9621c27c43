import type { Connection } from './connection.ts'
import { findSpace, type Space } from './spaces.ts'

/*
 * Which rows a run has seen is kept as bits, one a row, in chunks of neighbouring rows. Marking a
 * page writes one or two chunks instead of 999 rows, and a row met twice counts once.
 */

/** Rows whose marks stand in one chunk; the first has a multiple of it as its number. */
export const rowsPerChunk = 4_096

/** Marks rows as seen by a run. */
export function markSeen(
  { prepare }: Connection,
  spaceId: number,
  sequence: number,
  rowIds: readonly number[],
): void {
  const read = prepare<number[], { seen: number; bits: Uint8Array }>(
    'SELECT seen, bits FROM directory_seen WHERE run_sequence = ? AND space_id = ? AND chunk = ?',
  )
  const chunks = new Map<number, { seen: number; readonly bits: Uint8Array }>()
  for (const rowId of rowIds) {
    const index = Math.floor(rowId / rowsPerChunk)
    let chunk = chunks.get(index)
    if (chunk === undefined) {
      chunk = read.get(sequence, spaceId, index) ?? {
        seen: 0,
        bits: new Uint8Array(rowsPerChunk / 8),
      }
      chunks.set(index, chunk)
    }
    const bit = rowId % rowsPerChunk
    const before = chunk.bits[bit >> 3] ?? 0
    const after = before | (1 << (bit & 7))
    if (after === before) continue
    chunk.bits[bit >> 3] = after
    chunk.seen += 1
  }
  const write = prepare('INSERT OR REPLACE INTO directory_seen VALUES (?, ?, ?, ?, ?)')
  for (const [index, { seen, bits }] of chunks) write.run(sequence, spaceId, index, seen, bits)
}

/** Takes the marks of rows back, which a run has met and that are gone since. */
export function unmarkSeen(
  { prepare }: Connection,
  spaceId: number,
  sequence: number,
  rowIds: readonly number[],
): void {
  const read = prepare<number[], { seen: number; bits: Uint8Array }>(
    'SELECT seen, bits FROM directory_seen WHERE run_sequence = ? AND space_id = ? AND chunk = ?',
  )
  const write = prepare(
    `UPDATE directory_seen SET seen = ?, bits = ?
     WHERE run_sequence = ? AND space_id = ? AND chunk = ?`,
  )
  for (const rowId of rowIds) {
    const index = Math.floor(rowId / rowsPerChunk)
    const chunk = read.get(sequence, spaceId, index)
    if (chunk === undefined || !isMarked(chunk.bits, rowId)) continue
    const bit = rowId % rowsPerChunk
    chunk.bits[bit >> 3] = (chunk.bits[bit >> 3] ?? 0) & ~(1 << (bit & 7))
    write.run(chunk.seen - 1, chunk.bits, sequence, spaceId, index)
  }
}

/** The marks of one chunk of rows; undefined when the run has seen none of them. */
export function readMarks(
  { prepare }: Connection,
  spaceId: number,
  sequence: number,
  chunk: number,
): Uint8Array | undefined {
  const read = prepare<number[], { bits: Uint8Array }>(
    'SELECT bits FROM directory_seen WHERE run_sequence = ? AND space_id = ? AND chunk = ?',
  )
  return read.get(sequence, spaceId, chunk)?.bits
}

/** True when a row stands in the marks of its chunk. */
export function isMarked(marks: Uint8Array | undefined, rowId: number): boolean {
  const bit = rowId % rowsPerChunk
  return marks !== undefined && ((marks[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0
}

/** Counts the distinct rows of a space that a run has seen. */
export function countSeen(connection: Connection, space: Space, sequence: number): number {
  const known = findSpace(connection, space)
  if (known === undefined) return 0
  const sum = connection
    .prepare<[number, number], { seen: number | null }>(
      'SELECT sum(seen) AS seen FROM directory_seen WHERE run_sequence = ? AND space_id = ?',
    )
    .get(sequence, known.space_id)
  return sum?.seen ?? 0
}

/** Drops the marks of all finished runs of that name but the newest. */
export function dropOldMarks({ prepare }: Connection, name: string): void {
  prepare(
    `DELETE FROM directory_seen WHERE run_sequence IN (
       SELECT sequence FROM import_runs
       WHERE name = ? AND state IN ('completed', 'failed', 'cancelled')
       ORDER BY sequence DESC LIMIT -1 OFFSET 1)`,
  ).run(name)
}
