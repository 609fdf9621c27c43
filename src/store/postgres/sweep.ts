import type { SweepStep } from '../../imports/ports.ts'
import { standsAsEdge } from '../rows/edge-kinds.ts'
import type { Reader, Transaction } from './connection.ts'
import { countSeenEdges, sweepEdges } from './edges.ts'
import { countSeenObjects, rowsPerChunk } from './seen-marks.ts'
import { countRows, findSpace, type Space, type SpaceRow } from './spaces.ts'

/** Counts the live rows of a space, and those among them that a run has not met. */
export async function countUnseen(
  reader: Reader,
  space: Space,
  sequence: number,
): Promise<{ readonly known: number; readonly unseen: number }> {
  const known = (await findSpace(reader, space))?.objects ?? 0
  const seen = await countSeenRows(reader, space, sequence)
  return { known, unseen: Math.max(known - seen, 0) }
}

/** Counts the distinct rows of a space, objects or edges, that a run has met. */
export async function countSeenRows(
  reader: Reader,
  space: Space,
  sequence: number,
): Promise<number> {
  const known = await findSpace(reader, space)
  if (known === undefined) return 0
  return standsAsEdge(space.kind)
    ? await countSeenEdges(reader, known.space_id, sequence)
    : await countSeenObjects(reader, known.space_id, sequence)
}

/** Marks what the run has not met in one batch of a locked space. */
export async function sweepSpace(
  transaction: Transaction,
  space: SpaceRow,
  step: SweepStep,
): Promise<{ readonly marked: number; readonly next?: string }> {
  const swept = standsAsEdge(step.kind)
    ? await sweepEdges(transaction, space.space_id, step, step.after)
    : await sweepObjects(transaction, space, step)
  await countRows(transaction, space.space_id, { marked: swept.marked })
  return swept
}

/** Goes over whole chunks, as the marks of a run are kept. */
async function sweepObjects(
  transaction: Transaction,
  { space_id: spaceId, next_row: end }: SpaceRow,
  { sequence, limit, now, after }: SweepStep,
): Promise<{ readonly marked: number; readonly next?: string }> {
  const first = Number(after ?? 0)
  const next = first + Math.max(Math.ceil(limit / rowsPerChunk), 1)
  const marked = await transaction.run(
    `UPDATE evergrant.directory_objects AS stored SET deleted_at = $1
     WHERE space_id = $2 AND row_id >= $3 AND row_id < $4 AND deleted_at IS NULL
       AND NOT EXISTS (
         SELECT FROM evergrant.directory_seen AS mark
         WHERE mark.run_sequence = $5 AND mark.space_id = $2
           AND mark.chunk = stored.row_id / ${rowsPerChunk}
           AND get_bit(mark.bits, stored.row_id % ${rowsPerChunk}) = 1)`,
    [now, spaceId, first * rowsPerChunk, next * rowsPerChunk, sequence],
  )
  return { marked, ...(next * rowsPerChunk >= end ? {} : { next: String(next) }) }
}
