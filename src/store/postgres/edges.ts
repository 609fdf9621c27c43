import type { Membership, MembershipQuery } from '../../directory/index.ts'
import type { Reader, Transaction } from './connection.ts'
import { idOfKey, keyOfId } from './object-ids.ts'
import { findSpace } from './spaces.ts'

/*
 * A membership is one row, found by its group and, through an index, by its member. The last run
 * that met it stands in it, so that counting and sweeping need no memory of their own.
 */

const writeSql = `
  WITH given AS MATERIALIZED (
    SELECT group_id COLLATE "C" AS group_id, member_id COLLATE "C" AS member_id, member_type
    FROM unnest($2::text[], $3::text[], $4::text[]) AS edge (group_id, member_id, member_type)),
  known AS MATERIALIZED (
    SELECT stored.deleted_at FROM given JOIN evergrant.directory_edges AS stored
      ON stored.space_id = $1 AND stored.group_id = given.group_id
      AND stored.member_id = given.member_id),
  written AS (
    INSERT INTO evergrant.directory_edges AS stored
      (space_id, group_id, member_id, member_type, seen_by, updated_at)
    SELECT $1, group_id, member_id, member_type, $5, $6 FROM given
    ON CONFLICT (space_id, group_id, member_id) DO UPDATE SET
      updated_at = CASE WHEN stored.member_type = excluded.member_type
        AND stored.deleted_at IS NULL THEN stored.updated_at ELSE excluded.updated_at END,
      member_type = excluded.member_type,
      seen_by = excluded.seen_by,
      deleted_at = NULL
    WHERE stored.seen_by <> excluded.seen_by OR stored.member_type <> excluded.member_type
      OR stored.deleted_at IS NOT NULL)
  SELECT count(*) AS known, count(deleted_at) AS dead FROM known`

/** Writes memberships as met by a run; returns how many are new, and how many were deleted before. */
export async function writeEdges(
  transaction: Transaction,
  spaceId: number,
  sequence: number,
  edges: readonly Membership[],
  now: number,
): Promise<{ readonly fresh: number; readonly revived: number }> {
  const distinct = new Map<string, readonly [string, string, string]>()
  for (const { groupId, memberId, memberType } of edges) {
    const pair = [keyOfId(groupId), keyOfId(memberId)] as const
    distinct.set(JSON.stringify(pair), [...pair, memberType])
  }
  const rows = [...distinct.values()]
  const before = await transaction.row<{ known: number; dead: number }>(writeSql, [
    spaceId,
    rows.map(([group]) => group),
    rows.map(([, member]) => member),
    rows.map(([, , type]) => type),
    sequence,
    now,
  ])
  return { fresh: rows.length - (before?.known ?? 0), revived: before?.dead ?? 0 }
}

/** Counts the live memberships that a run has met. */
export async function countSeenEdges(
  reader: Reader,
  spaceId: number,
  sequence: number,
): Promise<number> {
  const found = await reader.row<{ count: number }>(
    `SELECT count(*) AS count FROM evergrant.directory_edges
     WHERE space_id = $1 AND seen_by = $2 AND deleted_at IS NULL`,
    [spaceId, sequence],
  )
  return found?.count ?? 0
}

interface EdgeKey {
  readonly group_id: string
  readonly member_id: string
}

/** Marks unmet memberships among the next `limit` as deleted; `next` is undefined at the end. */
export async function sweepEdges(
  transaction: Transaction,
  spaceId: number,
  step: { readonly sequence: number; readonly limit: number; readonly now: number },
  after: string | undefined,
): Promise<{ readonly marked: number; readonly next?: string }> {
  const [group, member] =
    after === undefined ? ['', ''] : (JSON.parse(after) as readonly [string, string])
  const last = await transaction.row<EdgeKey & { readonly looked_at: number }>(
    `SELECT group_id, member_id, count(*) OVER () AS looked_at FROM (
       SELECT group_id, member_id FROM evergrant.directory_edges
       WHERE space_id = $1 AND (group_id, member_id) > ($2, $3)
       ORDER BY group_id, member_id LIMIT $4) AS batch
     ORDER BY group_id DESC, member_id DESC LIMIT 1`,
    [spaceId, group, member, step.limit],
  )
  if (last === undefined) return { marked: 0 }
  const marked = await transaction.run(
    `UPDATE evergrant.directory_edges SET deleted_at = $1
     WHERE space_id = $2 AND (group_id, member_id) > ($3, $4)
       AND (group_id, member_id) <= ($5, $6) AND seen_by <> $7 AND deleted_at IS NULL`,
    [step.now, spaceId, group, member, last.group_id, last.member_id, step.sequence],
  )
  const next = JSON.stringify([last.group_id, last.member_id])
  return { marked, ...(last.looked_at < step.limit ? {} : { next }) }
}

/** Marks the memberships of some groups that a run has not met as deleted; returns how many. */
export async function markEdgesGone(
  transaction: Transaction,
  spaceId: number,
  { ids, sequence }: { readonly ids: readonly string[]; readonly sequence: number },
  now: number,
): Promise<number> {
  return await transaction.run(
    `UPDATE evergrant.directory_edges SET deleted_at = $1
     WHERE space_id = $2 AND group_id = ANY($3::text[]) AND seen_by <> $4 AND deleted_at IS NULL`,
    [now, spaceId, ids.map(keyOfId), sequence],
  )
}

/** Takes the marks of a run off the memberships of some groups. */
export async function unmarkEdges(
  transaction: Transaction,
  spaceId: number,
  { ids, sequence }: { readonly ids: readonly string[]; readonly sequence: number },
): Promise<void> {
  await transaction.run(
    `UPDATE evergrant.directory_edges SET seen_by = 0
     WHERE space_id = $1 AND group_id = ANY($2::text[]) AND seen_by = $3`,
    [spaceId, ids.map(keyOfId), sequence],
  )
}

/** Counts the live memberships of some groups that a run has not met. */
export async function countUnmetEdges(
  reader: Reader,
  spaceId: number,
  { ids, sequence }: { readonly ids: readonly string[]; readonly sequence: number },
): Promise<number> {
  const found = await reader.row<{ count: number }>(
    `SELECT count(*) AS count FROM evergrant.directory_edges
     WHERE space_id = $1 AND group_id = ANY($2::text[]) AND seen_by <> $3 AND deleted_at IS NULL`,
    [spaceId, ids.map(keyOfId), sequence],
  )
  return found?.count ?? 0
}

/** Counts the live memberships of some groups, and those that stood so before an instant. */
export async function countEdgesOf(
  reader: Reader,
  spaceId: number,
  { before, ids }: { readonly before: number; readonly ids: readonly string[] },
): Promise<{ readonly live: number; readonly older: number }> {
  const found = await reader.row<{ live: number; older: number }>(
    `SELECT count(*) AS live, count(*) FILTER (WHERE updated_at < $3) AS older
     FROM evergrant.directory_edges
     WHERE space_id = $1 AND group_id = ANY($2::text[]) AND deleted_at IS NULL`,
    [spaceId, ids.map(keyOfId), before],
  )
  return found ?? { live: 0, older: 0 }
}

/** A page of the memberships of one group or of one member. */
export async function listEdges(
  reader: Reader,
  by: 'group' | 'member',
  { tenantId, id, limit, after }: MembershipQuery,
): Promise<readonly Membership[]> {
  const space = await findSpace(reader, { tenantId, kind: 'member' })
  if (space === undefined) return []
  const other = by === 'group' ? 'member' : 'group'
  const rows = await reader.rows<EdgeKey & { readonly member_type: string }>(
    `SELECT group_id, member_id, member_type FROM evergrant.directory_edges
     WHERE space_id = $1 AND ${by}_id = $2 AND ${other}_id > $3 AND deleted_at IS NULL
     ORDER BY ${other}_id LIMIT $4`,
    [space.space_id, keyOfId(id), after === undefined ? '' : keyOfId(after), limit],
  )
  return rows.map((row) => ({
    groupId: idOfKey(row.group_id),
    memberId: idOfKey(row.member_id),
    memberType: row.member_type,
  }))
}
