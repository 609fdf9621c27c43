import type {
  GrantFailure,
  GrantRecord,
  GrantStanding,
  GrantState,
  RefreshIntent,
  RefreshTokenFacts,
} from '../../grants/ports.ts'
import type { ProcessOwner } from '../../kernel/index.ts'
import type { SealPlace } from '../../vault/index.ts'

/** A row of `grants` without the refresh token itself. */
export interface GrantRow {
  readonly sequence: number
  readonly id: string
  readonly connection: string
  readonly tenant: string
  readonly subject: string
  readonly standing: GrantStanding
  readonly state: GrantState
  readonly state_changed_at: number
  readonly created_at: number
  readonly refresh_count: number
  readonly last_refreshed_at: number | null
  readonly last_failure: string | null
  readonly keep_alive_at: number | null
  readonly refresh_version: number
  readonly refresh_obtained_at: number | null
  readonly refresh_used_at: number | null
  readonly refresh_expires_at: number | null
  readonly refresh_unknown_since: number | null
  readonly has_refresh_token: boolean | 0 | 1
}

/** A row of `refresh_intents`. */
export interface IntentRow {
  readonly grant_id: string
  readonly refresh_version: number
  readonly attempt_id: string
  readonly owner: string
  readonly lease_until: number
  readonly started_at: number
  readonly resends: number
  readonly is_unknown: boolean | 0 | 1
}

/** The columns of a `GrantRow`, for a SELECT. */
export const grantColumns = `sequence, id, connection, tenant, subject, standing, state,
  state_changed_at, created_at, refresh_count, last_refreshed_at, last_failure, keep_alive_at,
  refresh_version, refresh_obtained_at, refresh_used_at, refresh_expires_at, refresh_unknown_since,
  (sealed_refresh_token IS NOT NULL) AS has_refresh_token`

/** What makes a grant worth renewing by itself; the condition of the index `grants_due`. */
export const mayBeDue = `keep_alive_at IS NOT NULL AND standing = 'current' AND state <> 'revoked'`

/** Tells whether nothing may be saved for a grant any more: it was revoked, or replaced. */
export function isOver({ state, standing }: GrantRow): boolean {
  return state === 'revoked' || standing === 'superseded'
}

/** A journal's entry as the port shows it. */
export function asIntent(row: IntentRow): RefreshIntent {
  return {
    grantId: row.grant_id,
    refreshVersion: row.refresh_version,
    attemptId: row.attempt_id,
    owner: JSON.parse(row.owner) as ProcessOwner,
    leaseUntil: row.lease_until,
    startedAt: row.started_at,
    resends: row.resends,
    isUnknown: Boolean(row.is_unknown),
  }
}

/** The cell a grant's refresh token is sealed for. */
export function refreshTokenPlace(grantId: string): SealPlace {
  return { table: 'grants', column: 'sealed_refresh_token', row: grantId }
}

/** Evidence as text; what only the exchange needs is left out. */
export function failureText({ code, detail, remedy, at, upstream }: GrantFailure): string {
  return JSON.stringify({ code, detail, remedy, at, upstream })
}

/** A row as the port shows it. */
export function asGrant(row: GrantRow): GrantRecord {
  const refreshToken = asRefreshFacts(row)
  return {
    id: row.id,
    connection: row.connection,
    tenant: row.tenant,
    subject: row.subject,
    standing: row.standing,
    state: row.state,
    stateChangedAt: row.state_changed_at,
    createdAt: row.created_at,
    refreshCount: row.refresh_count,
    ...(row.last_refreshed_at === null ? {} : { lastRefreshedAt: row.last_refreshed_at }),
    ...(row.last_failure === null
      ? {}
      : { lastFailure: JSON.parse(row.last_failure) as GrantFailure }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(row.keep_alive_at === null ? {} : { keepAliveAt: row.keep_alive_at }),
  }
}

function asRefreshFacts(row: GrantRow): RefreshTokenFacts | undefined {
  const { refresh_obtained_at: obtainedAt, refresh_used_at: lastUsedAt } = row
  if (!row.has_refresh_token || obtainedAt === null || lastUsedAt === null) return undefined
  return {
    version: row.refresh_version,
    obtainedAt,
    lastUsedAt,
    ...(row.refresh_expires_at === null ? {} : { expiresAt: row.refresh_expires_at }),
    ...(row.refresh_unknown_since === null ? {} : { unknownSince: row.refresh_unknown_since }),
  }
}
