import type { Connection } from './connection.ts'

/*
 * Graph's ids are random, so an index of them is written all over: near the end of 400,000 rows a
 * page of 999 touches 900 index pages. Therefore new keys go into a small table, and every commit
 * moves one slice of it on, in key order, so that a commit writes a few neighbouring pages of the big
 * table instead. Measured in the README.
 */

/**
 * Into how many slices the key space is cut, by how many keys there are. A commit rewrites most of
 * the small table, which grows with the slices, and one slice of the big one, which shrinks with
 * them; here the two are alike. A key is moved on within as many commits.
 */
function slicesOf(keys: number): number {
  return Math.min(Math.max(Math.sqrt(keys / 500), 4), 64)
}

const guid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i

/** An id as it stands in a key: 16 bytes for a GUID, its text otherwise. */
export type ObjectIdKey = string | Buffer

/** SQL for the key of a text made by `textOfId`: 16 bytes for a GUID, the text itself otherwise. */
export const keyOf = (text: string): string =>
  `iif(substr(${text}, 1, 1) = '~', substr(${text}, 2), unhex(${text}, '-'))`

const rowIdOf = (key: string): string => `coalesce(
    (SELECT row_id FROM directory_keys WHERE object_id = ${key} AND space_id = @spaceId),
    (SELECT row_id FROM directory_fresh_keys WHERE object_id = ${key} AND space_id = @spaceId))`

const findManySql = `
  WITH ids AS MATERIALIZED (SELECT ${keyOf('value')} AS key FROM json_each(@texts))
  SELECT ${rowIdOf('ids.key')} FROM ids`

const findOneSql = `SELECT ${rowIdOf(keyOf('@text'))}`

const addSql = `
  INSERT INTO directory_fresh_keys
  SELECT ${keyOf('value')}, @spaceId, @firstRowId + key FROM json_each(@texts) ORDER BY 1`

const moveSql = `
  INSERT INTO directory_keys
  SELECT * FROM directory_fresh_keys WHERE object_id >= ? AND object_id < ? ORDER BY 1, 2`

const removeSql = 'DELETE FROM directory_fresh_keys WHERE object_id >= ? AND object_id < ?'

/** An id as the statements here read it. GUIDs are one whatever their case (RFC 9562 section 4). */
export function textOfId(id: string): string {
  return guid.test(id) ? id.toLowerCase() : `~${id}`
}

/** The id that a key stands for. */
export function idOfKey(key: ObjectIdKey): string {
  if (typeof key === 'string') return key
  const hex = key.toString('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)]
  return [...parts, hex.slice(20)].join('-')
}

/** Looks up where objects are; null for the ones that are not there. In the order of `texts`. */
export function findRowIds(
  { prepare }: Connection,
  spaceId: number,
  texts: readonly string[],
): (number | null)[] {
  const statement = prepare<unknown[], number | null>(findManySql).pluck()
  return statement.all({ texts: JSON.stringify(texts), spaceId })
}

/** Looks up where one object is. */
export function findRowId(
  { prepare }: Connection,
  spaceId: number,
  id: string,
): number | undefined {
  const statement = prepare<unknown[], number | null>(findOneSql).pluck()
  return statement.get({ text: textOfId(id), spaceId }) ?? undefined
}

/** Remembers new objects, stored in neighbouring rows from `firstRowId` on in the order of `texts`. */
export function addKeys(
  { prepare }: Connection,
  spaceId: number,
  texts: readonly string[],
  firstRowId: number,
): void {
  prepare(addSql).run({ texts: JSON.stringify(texts), spaceId, firstRowId })
}

/** Makes what moves keys on: one slice each time it is called, of a key space with so many keys. */
export function createKeyMover({ prepare }: Connection): (keys: number) => void {
  let start = 0
  return (keys) => {
    const end = Math.min(start + Math.ceil(256 / slicesOf(keys)), 256)
    // Text keys sort before all bytes, so the first slice takes them too; the last has no upper end.
    const from = start === 0 ? Number.NEGATIVE_INFINITY : Buffer.of(start)
    const to = end === 256 ? Buffer.alloc(17, 0xff) : Buffer.of(end)
    prepare(moveSql).run(from, to)
    prepare(removeSql).run(from, to)
    start = end % 256
  }
}
