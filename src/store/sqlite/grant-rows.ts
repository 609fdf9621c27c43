import type { GrantRecord, RefreshIntent } from '../../grants/ports.ts'
import {
  grantColumns,
  asIntent,
  asGrant,
  type GrantRow,
  type IntentRow,
} from '../rows/grant-row.ts'
import type { Connection } from './connection.ts'

/** Looks a grant up by its id. */
export function grantById({ prepare }: Connection, id: string): GrantRow | undefined {
  return prepare<[string], GrantRow>(`SELECT ${grantColumns} FROM grants WHERE id = ?`).get(id)
}

/** Looks a grant up that must be there, having just been written. */
export function writtenGrant(connection: Connection, id: string): GrantRecord {
  const row = grantById(connection, id)
  if (row === undefined) throw new Error('a grant that was just written is not there')
  return asGrant(row)
}

/** Looks the grant up that is `current`, or the one that is the `candidate`. */
export function grantInStanding(
  { prepare }: Connection,
  standing: 'current' | 'candidate',
  { connection, tenant }: { readonly connection: string; readonly tenant: string },
): GrantRow | undefined {
  // The standing is part of the text, since a partial index serves only what the text implies.
  return prepare<[string, string], GrantRow>(
    `SELECT ${grantColumns} FROM grants
     WHERE connection = ? AND tenant = ? AND standing = '${standing}'`,
  ).get(connection, tenant)
}

/** Reads the journal's entry for one version of a grant's refresh token. */
export function intentOf(
  { prepare }: Connection,
  grantId: string,
  refreshVersion: number,
): RefreshIntent | undefined {
  const row = prepare<[string, number], IntentRow>(
    'SELECT * FROM refresh_intents WHERE grant_id = ? AND refresh_version = ?',
  ).get(grantId, refreshVersion)
  return row === undefined ? undefined : asIntent(row)
}
