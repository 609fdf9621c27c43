import type { CallerLimits, Role } from '../../access/index.ts'
import type { CallerRecord } from '../../access/ports.ts'

/** A row of `callers`. */
export interface CallerRow {
  readonly id: string
  readonly name: string
  readonly role: Role | null
  readonly connections: string
  readonly upstream: string | null
  readonly allow_tokens: boolean | 0 | 1
  readonly limits: string
  readonly secret_hash: string
  readonly created_at: number
  readonly revoked_at: number | null
}

/** A row as the port shows it. */
export function asCaller(row: CallerRow): CallerRecord {
  return {
    id: row.id,
    name: row.name,
    ...(row.role === null ? {} : { role: row.role }),
    connections: JSON.parse(row.connections) as CallerRecord['connections'],
    ...(row.upstream === null ? {} : { upstream: row.upstream }),
    allowTokens: Boolean(row.allow_tokens),
    limits: JSON.parse(row.limits) as CallerLimits,
    secretHash: row.secret_hash,
    createdAt: row.created_at,
    ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
  }
}

/** A caller that is new, as the values of its row but `allow_tokens`, which follows. */
export function callerValues(caller: CallerRecord): readonly (string | number | null)[] {
  return [
    caller.id,
    caller.name,
    caller.role ?? null,
    JSON.stringify(caller.connections),
    caller.upstream ?? null,
    JSON.stringify(caller.limits),
    caller.secretHash,
    caller.createdAt,
    caller.revokedAt ?? null,
  ]
}

/** The columns of `callerValues`, in order. */
export const callerColumns =
  'id, name, role, connections, upstream, limits, secret_hash, created_at, revoked_at'
