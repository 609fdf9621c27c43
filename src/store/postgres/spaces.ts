import type { RowKind } from '../../directory/index.ts'
import { EvergrantError } from '../../kernel/index.ts'
import type { Reader, Transaction } from './connection.ts'

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
  /** The number that the next new object gets. */
  readonly next_row: number
}

const selectSpace = 'SELECT * FROM evergrant.directory_spaces WHERE tenant_id = $1 AND kind = $2'

/** Looks a space up. */
export async function findSpace(reader: Reader, space: Space): Promise<SpaceRow | undefined> {
  return await reader.row<SpaceRow>(selectSpace, [space.tenantId, space.kind])
}

/**
 * Looks a space up, making it without an owner when there is none, and locks it: whoever writes
 * rows of one space does so one after the other.
 */
async function lockSpace(transaction: Transaction, space: Space): Promise<SpaceRow> {
  const key = [space.tenantId, space.kind]
  const lock = `${selectSpace} FOR NO KEY UPDATE`
  const known = await transaction.row<SpaceRow>(lock, key)
  if (known !== undefined) return known
  await transaction.run(
    `INSERT INTO evergrant.directory_spaces (tenant_id, kind) VALUES ($1, $2)
     ON CONFLICT DO NOTHING`,
    key,
  )
  const made = await transaction.row<SpaceRow>(lock, key)
  if (made === undefined) throw new Error('a space that was just made is not there')
  return made
}

/** Makes `name` the owner of a space that nobody else owns; returns who owns it now. */
export async function takeSpace(
  transaction: Transaction,
  space: Space,
  name: string,
  { takeOver, now }: { readonly takeOver: boolean; readonly now: number },
): Promise<{ readonly owner: string }> {
  const { space_id: id, owner } = await lockSpace(transaction, space)
  if (owner === name) return { owner }
  if (owner !== null && !takeOver) return { owner }
  await transaction.run(
    'UPDATE evergrant.directory_spaces SET owner = $1, owned_since = $2 WHERE space_id = $3',
    [name, now, id],
  )
  return { owner: name }
}

/**
 * A space that `owner` may write: its own, or nobody's; locked.
 *
 * @throws EvergrantError `import_owned`
 */
export async function writableSpace(
  transaction: Transaction,
  space: Space,
  owner: string,
): Promise<SpaceRow> {
  const row = await lockSpace(transaction, space)
  if (row.owner === null || row.owner === owner) return row
  throw new EvergrantError(
    'import_owned',
    `the import "${row.owner}" took over the rows of "${space.tenantId}" from "${owner}"`,
  )
}

/** Counts rows of a locked space that came, came back from the dead, or were marked as deleted. */
export async function countRows(
  transaction: Transaction,
  spaceId: number,
  change: { readonly fresh?: number; readonly revived?: number; readonly marked?: number },
): Promise<void> {
  const { fresh = 0, revived = 0, marked = 0 } = change
  if (fresh === 0 && revived === 0 && marked === 0) return
  await transaction.run(
    `UPDATE evergrant.directory_spaces
     SET objects = objects + $2, tombstones = tombstones + $3, next_row = next_row + $4
     WHERE space_id = $1`,
    [spaceId, fresh + revived - marked, marked - revived, fresh],
  )
}
