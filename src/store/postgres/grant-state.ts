import type { GrantFailure, GrantState } from '../../grants/ports.ts'
import { failureText, type GrantRow } from '../rows/grant-row.ts'
import type { Transaction } from './connection.ts'

/** Moves a locked grant to a state, and lets other processes notice when that is a change. */
export async function setState(
  transaction: Transaction,
  grant: GrantRow,
  state: GrantState,
  now: number,
): Promise<void> {
  if (grant.state === state) return
  await transaction.run(
    'UPDATE evergrant.grants SET state = $2, state_changed_at = $3 WHERE id = $1',
    [grant.id, state, now],
  )
  transaction.bump('grants')
}

/** Keeps the last thing that went wrong. */
export async function recordEvidence(
  transaction: Transaction,
  { id }: GrantRow,
  failure: GrantFailure,
): Promise<void> {
  await transaction.run('UPDATE evergrant.grants SET last_failure = $2 WHERE id = $1', [
    id,
    failureText(failure),
  ])
}

/**
 * Erases every token, flight and intent of a locked grant, and when it is due. The versions go up,
 * so that an exchange that is under way cannot save what it brings.
 */
export async function eraseTokens(transaction: Transaction, { id }: GrantRow): Promise<void> {
  await Promise.all([
    transaction.run(
      `UPDATE evergrant.grants SET sealed_refresh_token = NULL,
         refresh_version = refresh_version + 1, refresh_obtained_at = NULL, refresh_used_at = NULL,
         refresh_expires_at = NULL, refresh_unknown_since = NULL, keep_alive_at = NULL
       WHERE id = $1`,
      [id],
    ),
    transaction.run(
      `UPDATE evergrant.token_slots SET sealed_token = NULL, version = version + 1,
         token_type = NULL, issued_at = NULL, expires_at = NULL, refresh_at = NULL, scope = NULL,
         claims = NULL, blocked_until = NULL, failure = NULL, flight_attempt = NULL,
         flight_owner = NULL, flight_lease_until = NULL, flight_started_at = NULL
       WHERE grant_id = $1`,
      [id],
    ),
    transaction.run('DELETE FROM evergrant.refresh_intents WHERE grant_id = $1', [id]),
  ])
}

/** Makes a locked grant history: its tokens are erased, what is known of it stays. */
export async function supersede(transaction: Transaction, grant: GrantRow): Promise<void> {
  await transaction.run(`UPDATE evergrant.grants SET standing = 'superseded' WHERE id = $1`, [
    grant.id,
  ])
  await eraseTokens(transaction, grant)
  transaction.bump('grants')
}
