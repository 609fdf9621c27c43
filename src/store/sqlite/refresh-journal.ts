import type { ExchangeClaim, ExchangeFailure, TokenSlotKey } from '../../grants/ports.ts'
import type { Connection } from './connection.ts'

/** Journals that a refresh token is about to be sent, or sent again. */
export function writeIntent(connection: Connection, claim: ExchangeClaim): void {
  const { redemption, slot, attemptId, now, leaseMs } = claim
  if (redemption === undefined) return
  // A resend takes the entry over, and keeps when the token was first sent: its grace counts from
  // then.
  connection
    .prepare(
      `INSERT INTO refresh_intents
         (grant_id, refresh_version, attempt_id, owner, lease_until, started_at)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET attempt_id = excluded.attempt_id, owner = excluded.owner,
         lease_until = excluded.lease_until, resends = resends + 1, is_unknown = 0`,
    )
    .run(
      slot.grantId,
      redemption.refreshVersion,
      attemptId,
      JSON.stringify(claim.owner),
      now + leaseMs,
      now,
    )
}

/**
 * Takes an intent back whose attempt has certainly not spent the token. One that had sent it again
 * leaves the entry as it found it: what became of the first time is as unknown as before.
 */
export function withdrawIntent({ prepare }: Connection, grantId: string, attemptId: string): void {
  prepare('DELETE FROM refresh_intents WHERE grant_id = ? AND attempt_id = ? AND resends = 0').run(
    grantId,
    attemptId,
  )
  prepare(
    `UPDATE refresh_intents SET resends = resends - 1, is_unknown = 1
     WHERE grant_id = ? AND attempt_id = ?`,
  ).run(grantId, attemptId)
}

/** Settles the intent of a failed redemption by what the failure says of the token. */
export function settleIntent(connection: Connection, failure: ExchangeFailure): void {
  const { slot, attemptId, redemption, now } = failure
  if (redemption === undefined) return
  if (redemption.effect === 'none') withdrawIntent(connection, slot.grantId, attemptId)
  else markUnknown(connection, slot.grantId, redemption.refreshVersion, now, attemptId)
}

/**
 * Marks a refresh token as perhaps spent, if it is still the one, and its intent as unknown: that
 * of `attemptId`, or whosever it is. Another attempt's intent stays as it is: that one may yet
 * tell.
 */
export function markUnknown(
  { prepare }: Connection,
  grantId: string,
  refreshVersion: number,
  now: number,
  attemptId?: string,
): void {
  prepare(
    `UPDATE grants SET refresh_unknown_since = coalesce(refresh_unknown_since, ?)
     WHERE id = ? AND refresh_version = ? AND sealed_refresh_token IS NOT NULL`,
  ).run(now, grantId, refreshVersion)
  prepare(
    `UPDATE refresh_intents SET is_unknown = 1
     WHERE grant_id = ? AND refresh_version = ? AND attempt_id = coalesce(?, attempt_id)`,
  ).run(grantId, refreshVersion, attemptId ?? null)
}

/** Removes the intent of a version whose outcome is known. */
export function removeIntent(
  { prepare }: Connection,
  grantId: string,
  refreshVersion: number,
): void {
  prepare('DELETE FROM refresh_intents WHERE grant_id = ? AND refresh_version = ?').run(
    grantId,
    refreshVersion,
  )
}

/** Lengthens the lease of whatever intent an attempt holds. */
export function renewIntent(
  { prepare }: Connection,
  { grantId }: TokenSlotKey,
  attemptId: string,
  leaseUntil: number,
): void {
  prepare('UPDATE refresh_intents SET lease_until = ? WHERE grant_id = ? AND attempt_id = ?').run(
    leaseUntil,
    grantId,
    attemptId,
  )
}
