import type {
  ConsentAccount,
  ConsentFailure,
  ConsentRung,
  ConsentSession,
  ConsentState,
} from '../../consent/ports.ts'
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
  readonly link_id: string | null
  readonly browser_hash: string | null
  readonly approves_account: boolean | 0 | 1
  readonly worker: string | null
  readonly account: string | null
  readonly rungs: string | null
}

/** The columns of a `ConsentRow`, for a SELECT; those of `consentValues`, in order. */
export const consentColumns = `id, state_hash, connection, tenant, redirect_uri, purpose, started_by,
  expected_subject, state, state_changed_at, created_at, expires_at, failure,
  link_id, browser_hash, approves_account, worker, account, rungs`

/**
 * Finds a sign-in of a link that came back and did not fail; `schema` goes before the table, `link`
 * is how the statement calls the link.
 */
export const hasComeBack = (schema: string, link: string): string =>
  `SELECT 1 AS found FROM ${schema}consent_sessions
   WHERE link_id = ${link} AND state IN ('code_received', 'verifying', 'active') LIMIT 1`

/** A session that is new, as the values of its row; `flag` makes a truth value of the database. */
export function consentValues<T>(
  session: ConsentSession,
  flag: (value: boolean) => T,
): readonly (string | number | null | T)[] {
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
    jsonOrNull(session.failure),
    session.linkId ?? null,
    session.browserHash ?? null,
    flag(session.approvesAccount),
    session.worker ?? null,
    jsonOrNull(session.account),
    jsonOrNull(session.rungs.length === 0 ? undefined : session.rungs),
  ]
}

/** A row as the port shows it. */
export function asConsent(row: ConsentRow): ConsentSession {
  const { expected_subject: expectedSubject, failure, account, rungs, worker } = row
  const { link_id: linkId, browser_hash: browserHash } = row
  return {
    id: row.id,
    stateHash: row.state_hash,
    connection: row.connection,
    tenant: row.tenant,
    redirectUri: row.redirect_uri,
    purpose: row.purpose,
    startedBy: row.started_by,
    ...(expectedSubject === null ? {} : { expectedSubject }),
    approvesAccount: Boolean(row.approves_account),
    ...(linkId === null ? {} : { linkId }),
    ...(browserHash === null ? {} : { browserHash }),
    state: row.state,
    stateChangedAt: row.state_changed_at,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...(worker === null ? {} : { worker }),
    ...(account === null ? {} : { account: JSON.parse(account) as ConsentAccount }),
    rungs: rungs === null ? [] : (JSON.parse(rungs) as readonly ConsentRung[]),
    ...(failure === null ? {} : { failure: JSON.parse(failure) as ConsentFailure }),
  }
}

/** JSON text, or null for nothing. */
export function jsonOrNull(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value)
}

/** The cell a verifier is sealed for. */
export function verifierPlace(id: string): SealPlace {
  return { table: 'consent_sessions', column: 'sealed_verifier', row: id }
}
