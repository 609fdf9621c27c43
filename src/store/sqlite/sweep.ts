import type { SweepStep } from '../../imports/ports.ts'
import { standsAsEdge } from '../rows/edge-kinds.ts'
import type { Connection } from './connection.ts'
import { countSeenEdges, sweepEdges } from './edges.ts'
import { countSeen, isMarked, readMarks, rowsPerChunk } from './seen-marks.ts'
import { addTombstones, findSpace, type Space, type SpaceRow } from './spaces.ts'

/** Counts the live rows of a space, and those among them that a run has not met. */
export function countUnseen(
  connection: Connection,
  space: Space,
  sequence: number,
): { readonly known: number; readonly unseen: number } {
  const known = findSpace(connection, space)?.objects ?? 0
  return { known, unseen: Math.max(known - countSeenRows(connection, space, sequence), 0) }
}

/** Counts the distinct rows of a space, objects or edges, that a run has met. */
export function countSeenRows(connection: Connection, space: Space, sequence: number): number {
  if (!standsAsEdge(space.kind)) return countSeen(connection, space, sequence)
  const known = findSpace(connection, space)
  return known === undefined ? 0 : countSeenEdges(connection, known.space_id, sequence)
}

/** Marks what the run has not met in one batch of a space. The caller holds a transaction. */
export function sweepSpace(
  connection: Connection,
  space: SpaceRow,
  step: SweepStep,
): { readonly marked: number; readonly next?: string } {
  const { space_id: spaceId } = space
  const swept = standsAsEdge(step.kind)
    ? sweepEdges(connection, spaceId, step, step.after)
    : sweepObjects(connection, spaceId, step)
  if (swept.marked > 0) addTombstones(connection, spaceId, swept.marked)
  return swept
}

/** Goes chunk by chunk, as the marks of a run are kept. */
function sweepObjects(
  connection: Connection,
  spaceId: number,
  { sequence, limit, now, after }: SweepStep,
): { readonly marked: number; readonly next?: string } {
  const { prepare } = connection
  const last = prepare<[], number | null>('SELECT max(row_id) FROM directory_objects').pluck().get()
  const lastChunk = Math.floor((last ?? 0) / rowsPerChunk)
  const live = prepare<unknown[], number>(
    `SELECT row_id FROM directory_objects
     WHERE row_id >= ? AND row_id < ? AND space_id = ? AND deleted_at IS NULL`,
  ).pluck()
  const mark = prepare('UPDATE directory_objects SET deleted_at = ? WHERE row_id = ?')
  let marked = 0
  let chunk = Number(after ?? 0)
  for (let seen = 0; chunk <= lastChunk && seen < limit; chunk++, seen += rowsPerChunk) {
    const marks = readMarks(connection, spaceId, sequence, chunk)
    const from = chunk * rowsPerChunk
    for (const rowId of live.all(from, from + rowsPerChunk, spaceId)) {
      if (isMarked(marks, rowId)) continue
      mark.run(now, rowId)
      marked++
    }
  }
  return { marked, ...(chunk > lastChunk ? {} : { next: String(chunk) }) }
}
