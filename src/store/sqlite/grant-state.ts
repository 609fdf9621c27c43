import type { GrantFailure, GrantState } from '../../grants/ports.ts'
import { failureText, type GrantRow } from '../rows/grant-row.ts'
import type { Connection } from './connection.ts'
import { bumpGeneration } from './generations.ts'

/** Moves a grant to a state, and lets other processes notice when that is a change. */
export function setState(
  connection: Connection,
  grant: GrantRow,
  state: GrantState,
  now: number,
): void {
  if (grant.state === state) return
  connection
    .prepare('UPDATE grants SET state = ?, state_changed_at = ? WHERE sequence = ?')
    .run(state, now, grant.sequence)
  bumpGeneration(connection, 'grants')
}

/** Keeps the last thing that went wrong. */
export function recordEvidence(
  { prepare }: Connection,
  { sequence }: GrantRow,
  failure: GrantFailure,
): void {
  prepare('UPDATE grants SET last_failure = ? WHERE sequence = ?').run(
    failureText(failure),
    sequence,
  )
}

/**
 * Erases every token, flight and intent of a grant, and when it is due. The versions go up, so that
 * an exchange that is under way cannot save what it brings.
 */
export function eraseTokens({ prepare }: Connection, { id, sequence }: GrantRow): void {
  prepare(
    `UPDATE grants SET sealed_refresh_token = NULL, refresh_version = refresh_version + 1,
       refresh_obtained_at = NULL, refresh_used_at = NULL, refresh_expires_at = NULL,
       refresh_unknown_since = NULL, keep_alive_at = NULL WHERE sequence = ?`,
  ).run(sequence)
  prepare(
    `UPDATE token_slots SET sealed_token = NULL, version = version + 1, token_type = NULL,
       issued_at = NULL, expires_at = NULL, refresh_at = NULL, scope = NULL, claims = NULL,
       blocked_until = NULL, failure = NULL, flight_attempt = NULL, flight_owner = NULL,
       flight_lease_until = NULL, flight_started_at = NULL WHERE grant_id = ?`,
  ).run(id)
  prepare('DELETE FROM refresh_intents WHERE grant_id = ?').run(id)
}

/** Makes a grant history: its tokens are erased, what is known of it stays. */
export function supersede(connection: Connection, grant: GrantRow): void {
  connection
    .prepare(`UPDATE grants SET standing = 'superseded' WHERE sequence = ?`)
    .run(grant.sequence)
  eraseTokens(connection, grant)
  bumpGeneration(connection, 'grants')
}
