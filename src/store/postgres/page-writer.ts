import type { PageRows } from '../../imports/ports.ts'
import type { Transaction } from './connection.ts'
import { keyOfId } from './object-ids.ts'
import { markSeen } from './seen-marks.ts'
import { countRows, writableSpace, type Space } from './spaces.ts'
import { storedJson } from './stored-json.ts'

/** The rows of one page and what to write with them. */
export interface PageWrite extends Space {
  /** The import that writes; refused when another one owns the space. */
  readonly owner: string
  readonly sequence: number
  readonly page: PageRows
  readonly now: number
}

/*
 * One statement a page. The parts of a WITH see the tables as they were before it, so `met` tells
 * apart what `fresh` and `changed` write. Nothing else is joined: how many rows a page has is
 * unknown to the planner.
 */
const writeSql = `
  WITH met AS MATERIALIZED (
    SELECT given.object_id, given.properties, given.position, stored.row_id,
      stored.deleted_at IS NOT NULL AS is_dead, stored.properties <> given.properties AS differs
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS given (object_id, properties, position)
    LEFT JOIN evergrant.directory_objects AS stored
      ON stored.space_id = $1 AND stored.object_id = given.object_id COLLATE "C"),
  fresh AS (
    INSERT INTO evergrant.directory_objects (space_id, row_id, updated_at, object_id, properties)
    SELECT $1, $4 - 1 + row_number() OVER (ORDER BY position), $5, object_id, properties
    FROM met WHERE row_id IS NULL
    RETURNING row_id),
  changed AS (
    UPDATE evergrant.directory_objects AS stored
    SET properties = met.properties, updated_at = $5, deleted_at = NULL
    FROM met
    WHERE stored.space_id = $1 AND stored.object_id = met.object_id COLLATE "C"
      AND (met.differs OR met.is_dead))
  SELECT row_id, is_dead, false AS is_fresh FROM met WHERE row_id IS NOT NULL
  UNION ALL SELECT row_id, false, true FROM fresh`

/**
 * Writes an import page: adds new objects, rewrites changed ones, leaves equal ones untouched,
 * revives deleted ones, and marks them all as seen. Of two rows with one id in a page the later one
 * counts.
 */
export async function writePage(
  transaction: Transaction,
  { tenantId, kind, owner, sequence, page, now }: PageWrite,
): Promise<void> {
  const space = await writableSpace(transaction, { tenantId, kind }, owner)
  if (page.length === 0) return
  const { space_id: spaceId } = space
  const lastIndex = new Map<string, number>()
  for (const [index, id] of page.ids.entries()) lastIndex.set(keyOfId(id), index)
  const written = await transaction.rows<{
    readonly row_id: number
    readonly is_dead: boolean
    readonly is_fresh: boolean
  }>(writeSql, [
    spaceId,
    [...lastIndex.keys()],
    Array.from(lastIndex.values(), (index) => storedJson(page.json(index))),
    space.next_row,
    now,
  ])
  await Promise.all([
    countRows(transaction, spaceId, {
      fresh: written.filter(({ is_fresh }) => is_fresh).length,
      revived: written.filter(({ is_dead }) => is_dead).length,
    }),
    markSeen(
      transaction,
      spaceId,
      sequence,
      written.map(({ row_id }) => row_id),
    ),
  ])
}
