import type { GrantAddress, GrantQuery, RefreshIntent } from '../../grants/ports.ts'
import { grantColumns, asIntent, type GrantRow, type IntentRow } from '../rows/grant-row.ts'
import type { Reader, Transaction } from './connection.ts'

const grantByIdSql = `SELECT ${grantColumns} FROM evergrant.grants WHERE id = $1`

/** Looks a grant up by its id. */
export async function grantById(reader: Reader, id: string): Promise<GrantRow | undefined> {
  return await reader.row<GrantRow>(grantByIdSql, [id])
}

/**
 * Looks a grant up and locks it. Slots and intents of a grant are written under its lock alone, so
 * that what is read of them stays true until the transaction ends.
 */
export async function lockGrant(
  transaction: Transaction,
  id: string,
): Promise<GrantRow | undefined> {
  return await transaction.row<GrantRow>(`${grantByIdSql} FOR NO KEY UPDATE`, [id])
}

/** Locks the current grant and the candidate of one address, whichever there are. */
export async function lockAddress(
  transaction: Transaction,
  { connection, tenant }: GrantAddress,
): Promise<readonly GrantRow[]> {
  return await transaction.rows<GrantRow>(
    `SELECT ${grantColumns} FROM evergrant.grants
     WHERE connection = $1 AND tenant = $2 AND standing <> 'superseded'
     ORDER BY id FOR NO KEY UPDATE`,
    [connection, tenant],
  )
}

/** Looks up the grant that serves an address. */
export async function currentGrant(
  reader: Reader,
  { connection, tenant }: GrantAddress,
): Promise<GrantRow | undefined> {
  return await reader.row<GrantRow>(
    `SELECT ${grantColumns} FROM evergrant.grants
     WHERE connection = $1 AND tenant = $2 AND standing = 'current'`,
    [connection, tenant],
  )
}

/** A page of grants, newest first. Each combination of filters is a statement of its own. */
export async function listGrantRows(
  reader: Reader,
  query: GrantQuery,
): Promise<readonly GrantRow[]> {
  const values: unknown[] = []
  const given = (value: unknown): string => `$${values.push(value)}`
  const { connection, tenant, standing, afterId, limit } = query
  const conditions: string[] = []
  if (connection !== undefined) conditions.push(`connection = ${given(connection)}`)
  if (tenant !== undefined) conditions.push(`tenant = ${given(tenant)}`)
  // One of three fixed words, written out so that the partial indexes are found.
  if (standing !== undefined) conditions.push(`standing = '${standing}'`)
  if (afterId !== undefined) conditions.push(`id < ${given(afterId)}`)
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  return await reader.rows<GrantRow>(
    `SELECT ${grantColumns} FROM evergrant.grants ${where} ORDER BY id DESC LIMIT ${given(limit)}`,
    values,
  )
}

/** Reads the journal's entry for one version of a grant's refresh token; its own one by default. */
export async function intentOf(
  reader: Reader,
  grantId: string,
  refreshVersion?: number,
): Promise<RefreshIntent | undefined> {
  const row = await reader.row<IntentRow>(
    `SELECT * FROM evergrant.refresh_intents WHERE grant_id = $1 AND refresh_version =
       coalesce($2::int, (SELECT refresh_version FROM evergrant.grants WHERE id = $1))`,
    [grantId, refreshVersion ?? null],
  )
  return row === undefined ? undefined : asIntent(row)
}
