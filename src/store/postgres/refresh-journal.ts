import type { ExchangeClaim, ExchangeFailure } from '../../grants/ports.ts'
import type { Transaction } from './connection.ts'

/** Journals that a refresh token is about to be sent, or sent again. */
export async function writeIntent(transaction: Transaction, claim: ExchangeClaim): Promise<void> {
  const { redemption, slot, attemptId, now, leaseMs } = claim
  if (redemption === undefined) return
  // A resend takes the entry over, and keeps when the token was first sent: its grace counts from
  // then.
  await transaction.run(
    `INSERT INTO evergrant.refresh_intents AS intent
       (grant_id, refresh_version, attempt_id, owner, lease_until, started_at)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (grant_id, refresh_version) DO UPDATE SET attempt_id = excluded.attempt_id,
       owner = excluded.owner, lease_until = excluded.lease_until, resends = intent.resends + 1,
       is_unknown = false`,
    [
      slot.grantId,
      redemption.refreshVersion,
      attemptId,
      JSON.stringify(claim.owner),
      now + leaseMs,
      now,
    ],
  )
}

/**
 * Takes an intent back whose attempt has certainly not spent the token. One that had sent it again
 * leaves the entry as it found it: what became of the first time is as unknown as before.
 */
export async function withdrawIntent(
  transaction: Transaction,
  grantId: string,
  attemptId: string,
): Promise<void> {
  await transaction.run(
    `DELETE FROM evergrant.refresh_intents
     WHERE grant_id = $1 AND attempt_id = $2 AND resends = 0`,
    [grantId, attemptId],
  )
  await transaction.run(
    `UPDATE evergrant.refresh_intents SET resends = resends - 1, is_unknown = true
     WHERE grant_id = $1 AND attempt_id = $2`,
    [grantId, attemptId],
  )
}

/** Settles the intent of a failed redemption by what the failure says of the token. */
export async function settleIntent(
  transaction: Transaction,
  failure: ExchangeFailure,
): Promise<void> {
  const { slot, attemptId, redemption, now } = failure
  if (redemption === undefined) return
  const { effect, refreshVersion } = redemption
  if (effect === 'none') await withdrawIntent(transaction, slot.grantId, attemptId)
  else await markUnknown(transaction, slot.grantId, refreshVersion, now, attemptId)
}

/**
 * Marks a refresh token as perhaps spent, if it is still the one, and its intent as unknown: that
 * of `attemptId`, or whosever it is. Another attempt's intent stays as it is: that one may yet
 * tell.
 */
export async function markUnknown(
  transaction: Transaction,
  grantId: string,
  refreshVersion: number,
  now: number,
  attemptId?: string,
): Promise<void> {
  await transaction.run(
    `UPDATE evergrant.grants SET refresh_unknown_since = coalesce(refresh_unknown_since, $3)
     WHERE id = $1 AND refresh_version = $2 AND sealed_refresh_token IS NOT NULL`,
    [grantId, refreshVersion, now],
  )
  await transaction.run(
    `UPDATE evergrant.refresh_intents SET is_unknown = true
     WHERE grant_id = $1 AND refresh_version = $2 AND attempt_id = coalesce($3, attempt_id)`,
    [grantId, refreshVersion, attemptId ?? null],
  )
}

/** Removes the intent of a version whose outcome is known. */
export async function removeIntent(
  transaction: Transaction,
  grantId: string,
  refreshVersion: number,
): Promise<void> {
  await transaction.run(
    'DELETE FROM evergrant.refresh_intents WHERE grant_id = $1 AND refresh_version = $2',
    [grantId, refreshVersion],
  )
}

/** Lengthens the lease of whatever intent an attempt holds. */
export async function renewIntent(
  transaction: Transaction,
  grantId: string,
  attemptId: string,
  leaseUntil: number,
): Promise<void> {
  await transaction.run(
    `UPDATE evergrant.refresh_intents SET lease_until = $3
     WHERE grant_id = $1 AND attempt_id = $2`,
    [grantId, attemptId, leaseUntil],
  )
}
