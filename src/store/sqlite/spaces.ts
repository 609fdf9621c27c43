import type { RowKind } from '../../directory/index.ts'
import { EvergrantError } from '../../kernel/index.ts'
import type { Connection } from './connection.ts'

/** The rows of one kind in one tenant; a small number stands for it in the big tables. */
export interface Space {
  readonly tenantId: string
  readonly kind: RowKind
}

/** A row of `directory_spaces`. */
export interface SpaceRow {
  readonly space_id: number
  /** The import that owns the rows. */
  readonly owner: string | null
  /** Live rows. */
  readonly objects: number
  /** Rows marked as deleted. */
  readonly tombstones: number
}

/** Looks a space up. */
export function findSpace({ prepare }: Connection, space: Space): SpaceRow | undefined {
  return prepare<[string, string], SpaceRow>(
    `SELECT space_id, owner, objects, tombstones FROM directory_spaces
     WHERE tenant_id = ? AND kind = ?`,
  ).get(space.tenantId, space.kind)
}

/** Looks a space up, making it without an owner when there is none. */
export function ensureSpace(connection: Connection, space: Space): SpaceRow {
  const known = findSpace(connection, space)
  if (known !== undefined) return known
  connection
    .prepare('INSERT INTO directory_spaces (tenant_id, kind) VALUES (?, ?)')
    .run(space.tenantId, space.kind)
  return ensureSpace(connection, space)
}

/** Makes `name` the owner of a space that nobody else owns; returns who owns it now. */
export function takeSpace(
  connection: Connection,
  space: Space,
  name: string,
  { takeOver, now }: { readonly takeOver: boolean; readonly now: number },
): { readonly owner: string } {
  const { space_id: id, owner } = ensureSpace(connection, space)
  if (owner === name) return { owner }
  if (owner !== null && !takeOver) return { owner }
  connection
    .prepare('UPDATE directory_spaces SET owner = ?, owned_since = ? WHERE space_id = ?')
    .run(name, now, id)
  return { owner: name }
}

/** A space that `owner` may write: its own, or nobody's. @throws EvergrantError `import_owned` */
export function writableSpace(connection: Connection, space: Space, owner: string): SpaceRow {
  const row = ensureSpace(connection, space)
  if (row.owner === null || row.owner === owner) return row
  throw new EvergrantError(
    'import_owned',
    `the import "${row.owner}" took over the rows of "${space.tenantId}" from "${owner}"`,
  )
}

/** Counts rows that came, and rows that came back from the dead. */
export function addRows(
  { prepare }: Connection,
  spaceId: number,
  fresh: number,
  revived: number,
): void {
  if (fresh === 0 && revived === 0) return
  prepare(
    `UPDATE directory_spaces SET objects = objects + ?, tombstones = tombstones - ?
     WHERE space_id = ?`,
  ).run(fresh + revived, revived, spaceId)
}

/** Counts rows that were marked as deleted. */
export function addTombstones({ prepare }: Connection, spaceId: number, marked: number): void {
  prepare(
    `UPDATE directory_spaces SET objects = objects - ?, tombstones = tombstones + ?
     WHERE space_id = ?`,
  ).run(marked, marked, spaceId)
}
