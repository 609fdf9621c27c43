import type { Role, SessionRecord } from '../../access/index.ts'
import { foldId } from './account-row.ts'

/** A row of `sessions`. */
export interface SessionRow {
  readonly id: string
  readonly hash: string
  readonly issuer: string
  readonly identity: string
  readonly kind: string | null
  readonly tenant_id: string | null
  readonly account_id: string | null
  readonly role: Role | null
  readonly created_at: number
  readonly expires_at: number
  readonly revoked_at: number | null
}

/** The columns of `sessionValues`, in order. */
export const sessionColumns = `id, hash, issuer, identity, kind, tenant_id, account_id, role,
  created_at, expires_at, revoked_at, over_at`

/** A session that is new, as the values of its row. */
export function sessionValues(session: SessionRecord): readonly (string | number | null)[] {
  const { account, expiresAt, revokedAt } = session
  return [
    session.id,
    session.hash,
    session.issuer,
    session.identity,
    account?.kind ?? null,
    account === undefined ? null : foldId(account.tenantId),
    account === undefined ? null : foldId(account.id),
    session.role ?? null,
    session.createdAt,
    expiresAt,
    revokedAt ?? null,
    Math.min(expiresAt, revokedAt ?? expiresAt),
  ]
}

/** A row as the port shows it. */
export function asSession(row: SessionRow): SessionRecord {
  const { kind, tenant_id: tenantId, account_id: id } = row
  return {
    id: row.id,
    hash: row.hash,
    issuer: row.issuer,
    identity: row.identity,
    ...(kind === null || tenantId === null || id === null
      ? {}
      : { account: { kind, tenantId, id } }),
    ...(row.role === null ? {} : { role: row.role }),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
  }
}
