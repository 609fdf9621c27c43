import type { ConsentFailure, ConsentSession, ConsentState } from '../../consent/ports.ts'
import type { SealPlace } from '../../vault/index.ts'

/** A row of `consent_sessions` without the verifier itself. */
export interface ConsentRow {
  readonly id: string
  readonly state_hash: string
  readonly connection: string
  readonly tenant: string
  readonly redirect_uri: string
  readonly purpose: 'connect' | 'reconnect'
  readonly started_by: string
  readonly expected_subject: string | null
  readonly state: ConsentState
  readonly state_changed_at: number
  readonly created_at: number
  readonly expires_at: number
  readonly failure: string | null
}

/** The columns of a `ConsentRow`, for a SELECT; those of `consentValues`, in order. */
export const consentColumns = `id, state_hash, connection, tenant, redirect_uri, purpose, started_by,
  expected_subject, state, state_changed_at, created_at, expires_at, failure`

/** A session that is new, as the values of its row. */
export function consentValues(session: ConsentSession): readonly (string | number | null)[] {
  return [
    session.id,
    session.stateHash,
    session.connection,
    session.tenant,
    session.redirectUri,
    session.purpose,
    session.startedBy,
    session.expectedSubject ?? null,
    session.state,
    session.stateChangedAt,
    session.createdAt,
    session.expiresAt,
    session.failure === undefined ? null : JSON.stringify(session.failure),
  ]
}

/** A row as the port shows it. */
export function asConsent(row: ConsentRow): ConsentSession {
  const { expected_subject: expectedSubject, failure } = row
  return {
    id: row.id,
    stateHash: row.state_hash,
    connection: row.connection,
    tenant: row.tenant,
    redirectUri: row.redirect_uri,
    purpose: row.purpose,
    startedBy: row.started_by,
    ...(expectedSubject === null ? {} : { expectedSubject }),
    state: row.state,
    stateChangedAt: row.state_changed_at,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...(failure === null ? {} : { failure: JSON.parse(failure) as ConsentFailure }),
  }
}

/** The cell a verifier is sealed for. */
export function verifierPlace(id: string): SealPlace {
  return { table: 'consent_sessions', column: 'sealed_verifier', row: id }
}
