import type { ObjectKind } from '../../directory/index.ts'
import type { Connection } from './connection.ts'

/** The objects of one kind in one tenant; a small number stands for it in the big tables. */
export interface Space {
  readonly tenantId: string
  readonly kind: ObjectKind
}

/** A row of `directory_spaces`. */
export interface SpaceRow {
  readonly space_id: number
  /** The import that owns the rows. */
  readonly owner: string | null
  readonly objects: number
}

/** Looks a space up. */
export function findSpace({ prepare }: Connection, space: Space): SpaceRow | undefined {
  return prepare<[string, string], SpaceRow>(
    'SELECT space_id, owner, objects FROM directory_spaces WHERE tenant_id = ? AND kind = ?',
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
