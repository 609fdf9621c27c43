import type { Membership, MembershipQuery } from '../../directory/index.ts'
import type { Connection } from './connection.ts'
import { idOfKey, keyOf, textOfId, type ObjectIdKey } from './object-keys.ts'
import { findSpace } from './spaces.ts'

/*
 * A membership is one row, found by its group and, through an index, by its member. The last run
 * that met it stands in it, so that counting and sweeping need no memory of their own.
 */

const givenEdges = `
  WITH given AS MATERIALIZED (
    SELECT ${keyOf('value ->> 0')} AS group_id, ${keyOf('value ->> 1')} AS member_id,
      value ->> 2 AS member_type
    FROM json_each(@edges))`

const knownSql = `${givenEdges}
  SELECT count(*) AS known, count(deleted_at) AS dead
  FROM given JOIN directory_edges USING (group_id, member_id) WHERE space_id = @spaceId`

const upsertSql = `${givenEdges}
  INSERT INTO directory_edges (space_id, group_id, member_id, member_type, seen_by, updated_at)
  SELECT @spaceId, group_id, member_id, member_type, @sequence, @now FROM given WHERE true
  ON CONFLICT DO UPDATE SET
    updated_at = iif(member_type = excluded.member_type AND deleted_at IS NULL,
      updated_at, excluded.updated_at),
    member_type = excluded.member_type,
    seen_by = excluded.seen_by,
    deleted_at = NULL`

/** Writes memberships as met by a run; returns how many are new, and how many were deleted before. */
export function writeEdges(
  { prepare }: Connection,
  spaceId: number,
  sequence: number,
  edges: readonly Membership[],
  now: number,
): { readonly fresh: number; readonly revived: number } {
  const distinct = new Map<string, readonly [string, string, string]>()
  for (const { groupId, memberId, memberType } of edges) {
    const pair = [textOfId(groupId), textOfId(memberId)] as const
    distinct.set(JSON.stringify(pair), [...pair, memberType])
  }
  const text = JSON.stringify([...distinct.values()])
  const before = prepare<unknown[], { known: number; dead: number }>(knownSql).get({
    edges: text,
    spaceId,
  })
  prepare(upsertSql).run({ edges: text, spaceId, sequence, now })
  return { fresh: distinct.size - (before?.known ?? 0), revived: before?.dead ?? 0 }
}

/** Counts the live memberships that a run has met. */
export function countSeenEdges({ prepare }: Connection, spaceId: number, sequence: number): number {
  const count = prepare<unknown[], number>(
    `SELECT count(*) FROM directory_edges
     WHERE space_id = ? AND seen_by = ? AND deleted_at IS NULL`,
  ).pluck()
  return count.get(spaceId, sequence) ?? 0
}

interface EdgeKey {
  readonly group_id: ObjectIdKey
  readonly member_id: ObjectIdKey
}

/** Marks unmet memberships among the next `limit` as deleted; `next` is undefined at the end. */
export function sweepEdges(
  { prepare }: Connection,
  spaceId: number,
  step: { readonly sequence: number; readonly limit: number; readonly now: number },
  after: string | undefined,
): { readonly marked: number; readonly next?: string } {
  const select = 'SELECT group_id, member_id, seen_by, deleted_at FROM directory_edges'
  const order = 'ORDER BY group_id, member_id LIMIT ?'
  type Row = EdgeKey & { readonly seen_by: number; readonly deleted_at: number | null }
  const from = after === undefined ? undefined : readPlace(after)
  const rows =
    from === undefined
      ? prepare<unknown[], Row>(`${select} WHERE space_id = ? ${order}`).all(spaceId, step.limit)
      : prepare<unknown[], Row>(
          `${select} WHERE space_id = ? AND (group_id, member_id) > (?, ?) ${order}`,
        ).all(spaceId, from.group_id, from.member_id, step.limit)
  const mark = prepare(
    `UPDATE directory_edges SET deleted_at = ?
     WHERE space_id = ? AND group_id = ? AND member_id = ?`,
  )
  let marked = 0
  for (const row of rows) {
    if (row.seen_by === step.sequence || row.deleted_at !== null) continue
    mark.run(step.now, spaceId, row.group_id, row.member_id)
    marked++
  }
  const last = rows.at(-1)
  const isEnd = last === undefined || rows.length < step.limit
  return { marked, ...(isEnd ? {} : { next: writePlace(last) }) }
}

/** Marks the memberships of some groups that a run has not met as deleted; returns how many. */
export function markEdgesGone(
  { prepare }: Connection,
  spaceId: number,
  { ids, sequence }: { readonly ids: readonly string[]; readonly sequence: number },
  now: number,
): number {
  const mark = prepare(
    `UPDATE directory_edges SET deleted_at = @now
     WHERE space_id = @spaceId AND group_id = ${keyOf('@group')} AND seen_by <> @sequence
       AND deleted_at IS NULL`,
  )
  let marked = 0
  for (const group of new Set(ids.map(textOfId))) {
    marked += mark.run({ group, spaceId, sequence, now }).changes
  }
  return marked
}

/** Takes the marks of a run off the memberships of some groups. */
export function unmarkEdges(
  { prepare }: Connection,
  spaceId: number,
  { ids, sequence }: { readonly ids: readonly string[]; readonly sequence: number },
): void {
  const unmark = prepare(
    `UPDATE directory_edges SET seen_by = 0
     WHERE space_id = @spaceId AND group_id = ${keyOf('@group')} AND seen_by = @sequence`,
  )
  for (const group of new Set(ids.map(textOfId))) unmark.run({ group, spaceId, sequence })
}

/** Counts the live memberships of some groups that a run has not met. */
export function countUnmetEdges(
  { prepare }: Connection,
  spaceId: number,
  { ids, sequence }: { readonly ids: readonly string[]; readonly sequence: number },
): number {
  const count = prepare<unknown[], number>(
    `SELECT count(*) FROM directory_edges
     WHERE space_id = @spaceId AND group_id = ${keyOf('@group')} AND seen_by <> @sequence
       AND deleted_at IS NULL`,
  ).pluck()
  let unmet = 0
  for (const group of new Set(ids.map(textOfId))) {
    unmet += count.get({ group, spaceId, sequence }) ?? 0
  }
  return unmet
}

/** Counts the live memberships of some groups, and those that stood so before an instant. */
export function countEdgesOf(
  { prepare }: Connection,
  spaceId: number,
  { before, ids }: { readonly before: number; readonly ids: readonly string[] },
): { readonly live: number; readonly older: number } {
  const count = prepare<unknown[], { readonly live: number; readonly older: number }>(
    `SELECT count(*) AS live, count(*) FILTER (WHERE updated_at < @before) AS older
     FROM directory_edges
     WHERE space_id = @spaceId AND group_id = ${keyOf('@group')} AND deleted_at IS NULL`,
  )
  let [live, older] = [0, 0]
  for (const group of new Set(ids.map(textOfId))) {
    const found = count.get({ before, group, spaceId })
    live += found?.live ?? 0
    older += found?.older ?? 0
  }
  return { live, older }
}

/** A page of the memberships of one group or of one member. */
export function listEdges(
  connection: Connection,
  by: 'group' | 'member',
  { tenantId, id, limit, after }: MembershipQuery,
): readonly Membership[] {
  const space = findSpace(connection, { tenantId, kind: 'member' })
  if (space === undefined) return []
  const other = by === 'group' ? 'member' : 'group'
  const following = after === undefined ? '' : `AND ${other}_id > ${keyOf('@after')}`
  const rows = connection
    .prepare<unknown[], EdgeKey & { readonly member_type: string }>(
      `SELECT group_id, member_id, member_type FROM directory_edges
       WHERE space_id = @spaceId AND ${by}_id = ${keyOf('@id')} AND deleted_at IS NULL ${following}
       ORDER BY ${other}_id LIMIT @limit`,
    )
    .all({
      spaceId: space.space_id,
      id: textOfId(id),
      limit,
      ...(after === undefined ? {} : { after: textOfId(after) }),
    })
  return rows.map((row) => ({
    groupId: idOfKey(row.group_id),
    memberId: idOfKey(row.member_id),
    memberType: row.member_type,
  }))
}

function writePlace({ group_id, member_id }: EdgeKey): string {
  return JSON.stringify([group_id, member_id].map((key) => textOfId(idOfKey(key))))
}

function readPlace(text: string): EdgeKey {
  const [group, member] = JSON.parse(text) as readonly [string, string]
  return { group_id: keyOfText(group), member_id: keyOfText(member) }
}

function keyOfText(text: string): ObjectIdKey {
  return text.startsWith('~') ? text.slice(1) : Buffer.from(text.replaceAll('-', ''), 'hex')
}
