import type { ConsentLink } from '../../consent/index.ts'
import type { ConsentFailure, ConsentState } from '../../consent/ports.ts'

/** A row of `consent_links`, with what became of its newest sign-in. */
export interface LinkRow {
  readonly id: string
  readonly token_hash: string
  readonly connection: string
  readonly tenant: string
  readonly recipient: string
  readonly note: string | null
  readonly approves_account: boolean | 0 | 1
  readonly created_by: string
  readonly created_at: number
  readonly expires_at: number
  readonly opened_at: number | null
  readonly revoked_at: number | null
  readonly browser_hash: string | null
  readonly consent_id: string | null
  readonly consent_state: ConsentState | null
  readonly consent_changed_at: number | null
  readonly consent_expires_at: number | null
  readonly consent_failure: string | null
}

/** The columns of a `LinkRow` of `link` and its `session`, for a SELECT. */
export const linkColumns = `link.id, link.token_hash, link.connection, link.tenant, link.recipient,
  link.note, link.approves_account, link.created_by, link.created_at, link.expires_at,
  link.opened_at, link.revoked_at, link.browser_hash, session.id AS consent_id, session.state AS consent_state,
  session.state_changed_at AS consent_changed_at, session.expires_at AS consent_expires_at,
  session.failure AS consent_failure`

/** Joins a link with the newest sign-in that it began; `schema` goes before the table. */
export const joinNewest = (schema: string): string =>
  `LEFT JOIN ${schema}consent_sessions AS session ON session.sequence =
    (SELECT max(sequence) FROM ${schema}consent_sessions WHERE link_id = link.id)`

/**
 * That a link of `link` and its `session` can still lead to a grant: its sign-in is under way, or
 * one can be begun. `now` is how the statement calls the instant.
 */
export const isOpenLink = (now: string): string =>
  `(coalesce(session.state, '') IN ('code_received', 'verifying')
    OR (link.revoked_at IS NULL AND coalesce(session.state, '') <> 'active'
      AND (link.expires_at > ${now}
        OR (coalesce(session.state, '') = 'created' AND session.expires_at > ${now}))))`

/** The columns of a new link; those of `linkValues`, in order. */
export const newLinkColumns = `id, token_hash, connection, tenant, recipient, note,
  approves_account, created_by, created_at, expires_at`

/** A new link as the values of its row; `flag` makes a truth value of the database. */
export function linkValues<T>(
  link: ConsentLink,
  flag: (value: boolean) => T,
): readonly (string | number | null | T)[] {
  return [
    link.id,
    link.tokenHash,
    link.connection,
    link.tenant,
    link.recipient,
    link.note ?? null,
    flag(link.approvesAccount),
    link.createdBy,
    link.createdAt,
    link.expiresAt,
  ]
}

/** A row as the port shows it. */
export function asLink(row: LinkRow): ConsentLink {
  const { note, opened_at: openedAt, revoked_at: revokedAt, browser_hash: browserHash } = row
  return {
    id: row.id,
    tokenHash: row.token_hash,
    connection: row.connection,
    tenant: row.tenant,
    recipient: row.recipient,
    ...(note === null ? {} : { note }),
    approvesAccount: Boolean(row.approves_account),
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...(openedAt === null ? {} : { openedAt }),
    ...(revokedAt === null ? {} : { revokedAt }),
    ...(browserHash === null ? {} : { browserHash }),
    ...consentOf(row),
  }
}

function consentOf(row: LinkRow): Pick<ConsentLink, 'consent'> {
  const { consent_id: id, consent_state: state, consent_failure: failure } = row
  if (id === null || state === null) return {}
  return {
    consent: {
      id,
      state,
      stateChangedAt: row.consent_changed_at ?? 0,
      expiresAt: row.consent_expires_at ?? 0,
      ...(failure === null ? {} : { failureCode: (JSON.parse(failure) as ConsentFailure).code }),
    },
  }
}
