import type {
  ExchangeClaim,
  ExchangeCommit,
  ExchangeFailure,
  ExchangeStart,
  ExchangeSuccess,
  TokenSlotKey,
} from '../../grants/ports.ts'
import { refreshTokenPlace, type GrantRow } from '../sqlite/grant-rows.ts'
import { isOver } from '../sqlite/grant-state.ts'
import { asFlight, asSlot, slotParameters, tokenPlace, type SlotRow } from '../sqlite/slot-rows.ts'
import type { Reader, Transaction } from './connection.ts'
import { intentOf, lockGrant } from './grant-rows.ts'
import { recordEvidence, setState } from './grant-state.ts'
import { removeIntent, settleIntent, writeIntent } from './refresh-journal.ts'
import type { Seal, Sealing } from './sealing.ts'

/** The longest wait that the port lets anyone ask for (ms). */
const longestBlockMs = 3_600_000

/** Picks one slot, for the WHERE of a statement whose first parameters are `slotParameters`. */
const thatSlot = 'grant_id = $1 AND target = $2 AND credential_version = $3'

/** Looks a slot up; undefined when it was never written. */
export async function slotRow(reader: Reader, slot: TokenSlotKey): Promise<SlotRow | undefined> {
  return await reader.row<SlotRow>(
    `SELECT version, sealed_token, token_type, issued_at, expires_at, refresh_at, scope, claims,
       blocked_until, flight_attempt, flight_owner, flight_lease_until, flight_started_at, failure
     FROM evergrant.token_slots WHERE ${thatSlot}`,
    slotParameters(slot),
  )
}

/** Takes a slot's flight, and journals an exclusive redemption. */
export async function begin(
  transaction: Transaction,
  claim: ExchangeClaim,
): Promise<ExchangeStart> {
  const { slot, now, redemption } = claim
  const [grant, row] = await Promise.all([
    lockGrant(transaction, slot.grantId),
    slotRow(transaction, slot),
  ])
  if (grant === undefined || isOver(grant)) return { kind: 'moved' }
  if ((row?.version ?? 0) !== claim.slotVersion) return { kind: 'moved' }
  if (redemption !== undefined && !holds(grant, redemption.refreshVersion)) return { kind: 'moved' }

  const flight = row === undefined ? undefined : asFlight(row)
  if (flight !== undefined && flight.leaseUntil > now && flight.attemptId !== claim.displaces) {
    return { kind: 'in_flight', flight }
  }
  if (redemption?.isExclusive === true) {
    const intent = await intentOf(transaction, slot.grantId, redemption.refreshVersion)
    if (intent !== undefined && intent.attemptId !== redemption.resends) {
      return { kind: 'intent_open', intent }
    }
    await writeIntent(transaction, claim)
  }
  await transaction.run(
    `INSERT INTO evergrant.token_slots (grant_id, target, credential_version, version,
       flight_attempt, flight_owner, flight_lease_until, flight_started_at, updated_at)
     VALUES ($1, $2, $3, 0, $4, $5, $6, $7, $7)
     ON CONFLICT (grant_id, target, credential_version) DO UPDATE SET
       flight_attempt = excluded.flight_attempt, flight_owner = excluded.flight_owner,
       flight_lease_until = excluded.flight_lease_until,
       flight_started_at = excluded.flight_started_at`,
    [
      ...slotParameters(slot),
      claim.attemptId,
      JSON.stringify(claim.owner),
      now + claim.leaseMs,
      now,
    ],
  )
  transaction.bump('slots')
  return { kind: 'begun' }
}

/** Saves what an exchange brought, as far as the versions allow. */
export async function commit(
  transaction: Transaction,
  sealing: Sealing,
  success: ExchangeSuccess,
): Promise<ExchangeCommit> {
  const { slot, redemption } = success
  const seal = await sealing.within(transaction)
  const grant = await lockGrant(transaction, slot.grantId)
  if (grant === undefined || isOver(grant)) {
    return {
      token: 'superseded',
      refreshToken: refreshOutcome(redemption, false),
      slot: await currentSlot(transaction, sealing, slot),
    }
  }
  const isTokenSaved = await saveToken(transaction, seal, success)
  const isRefreshSaved = await saveRefreshToken(transaction, seal, grant, success)
  await endFlight(transaction, slot, success.attemptId)
  await transaction.run(
    `UPDATE evergrant.token_slots SET failure = NULL, blocked_until = NULL
     WHERE ${thatSlot} AND (failure IS NOT NULL OR blocked_until IS NOT NULL)`,
    slotParameters(slot),
  )
  if (isTokenSaved || isRefreshSaved) await noteSuccess(transaction, grant, success, isTokenSaved)
  transaction.bump('slots')
  return {
    token: isTokenSaved ? 'saved' : 'superseded',
    refreshToken: refreshOutcome(redemption, isRefreshSaved),
    slot: await currentSlot(transaction, sealing, slot),
  }
}

/** Records a failed exchange. */
export async function fail(transaction: Transaction, failure: ExchangeFailure): Promise<void> {
  const { slot, now, redemption } = failure
  const grant = await lockGrant(transaction, slot.grantId)
  if (grant === undefined) return
  if (!isOver(grant)) await recordSlotFailure(transaction, failure)
  await endFlight(transaction, slot, failure.attemptId)
  await settleIntent(transaction, failure)
  await recordEvidence(transaction, grant, failure.failure)
  // Whether the token was refused says nothing of the one that has replaced it since.
  const isStale = redemption !== undefined && redemption.refreshVersion !== grant.refresh_version
  if (failure.lapse && !isStale && !isOver(grant)) {
    await setState(transaction, grant, 'lapsed', now)
  }
  transaction.bump('slots')
}

/** Ends the flight of an attempt, if it still holds the slot. */
export async function endFlight(
  transaction: Transaction,
  slot: TokenSlotKey,
  attemptId: string,
): Promise<void> {
  await transaction.run(
    `UPDATE evergrant.token_slots SET flight_attempt = NULL, flight_owner = NULL,
       flight_lease_until = NULL, flight_started_at = NULL
     WHERE ${thatSlot} AND flight_attempt = $4`,
    [...slotParameters(slot), attemptId],
  )
}

/** Lengthens the lease of an attempt's flight; false when it does not hold the slot. */
export async function renewFlight(
  transaction: Transaction,
  slot: TokenSlotKey,
  attemptId: string,
  leaseUntil: number,
): Promise<boolean> {
  const changes = await transaction.run(
    `UPDATE evergrant.token_slots SET flight_lease_until = $5
     WHERE ${thatSlot} AND flight_attempt = $4`,
    [...slotParameters(slot), attemptId, leaseUntil],
  )
  return changes > 0
}

function holds(grant: GrantRow, refreshVersion: number): boolean {
  return grant.has_refresh_token === 1 && grant.refresh_version === refreshVersion
}

async function currentSlot(
  reader: Reader,
  sealing: Sealing,
  slot: TokenSlotKey,
): Promise<ExchangeCommit['slot']> {
  const row = await slotRow(reader, slot)
  return row === undefined ? { version: 0 } : asSlot(row, slot, sealing)
}

function refreshOutcome(
  redemption: ExchangeSuccess['redemption'],
  isSaved: boolean,
): ExchangeCommit['refreshToken'] {
  if (redemption === undefined) return 'none'
  if (redemption.refreshToken === undefined) return 'kept'
  return isSaved ? 'saved' : 'superseded'
}

/** Compares and swaps the token; true when it was saved. */
async function saveToken(
  transaction: Transaction,
  seal: Seal,
  success: ExchangeSuccess,
): Promise<boolean> {
  const { slot, slotVersion, token, claims, now } = success
  const changes = await transaction.run(
    `INSERT INTO evergrant.token_slots AS stored (grant_id, target, credential_version, version,
       sealed_token, token_type, issued_at, expires_at, refresh_at, scope, claims, updated_at)
     SELECT $1, $2, $3, $4::int + 1, $5, $6, $7, $8, $9, $10, $11, $12
     WHERE $4::int = coalesce((SELECT version FROM evergrant.token_slots WHERE ${thatSlot}), 0)
     ON CONFLICT (grant_id, target, credential_version) DO UPDATE SET version = excluded.version,
       sealed_token = excluded.sealed_token, token_type = excluded.token_type,
       issued_at = excluded.issued_at, expires_at = excluded.expires_at,
       refresh_at = excluded.refresh_at, scope = excluded.scope, claims = excluded.claims,
       updated_at = excluded.updated_at`,
    [
      ...slotParameters(slot),
      slotVersion,
      seal(token.secret, tokenPlace(slot)),
      token.tokenType,
      token.issuedAt,
      token.expiresAt,
      token.refreshAt ?? null,
      token.scope ?? null,
      claims ?? null,
      now,
    ],
  )
  return changes > 0
}

/**
 * Closes the journal's entry and compares and swaps the refresh token; true when this redemption
 * has settled what the grant holds, be it a new token or that the old one goes on.
 */
async function saveRefreshToken(
  transaction: Transaction,
  seal: Seal,
  grant: GrantRow,
  { redemption, now }: ExchangeSuccess,
): Promise<boolean> {
  if (redemption === undefined) return false
  await removeIntent(transaction, grant.id, redemption.refreshVersion)
  await transaction.run(
    `UPDATE evergrant.grants SET refresh_used_at = greatest(refresh_used_at, $2::bigint)
     WHERE id = $1 AND refresh_used_at IS NOT NULL`,
    [grant.id, now],
  )
  if (!holds(grant, redemption.refreshVersion)) return false
  const { refreshToken } = redemption
  if (refreshToken === undefined) {
    await transaction.run(
      `UPDATE evergrant.grants SET refresh_unknown_since = NULL,
         refresh_expires_at = coalesce($2, refresh_expires_at) WHERE id = $1`,
      [grant.id, redemption.refreshExpiresAt ?? null],
    )
    return true
  }
  await transaction.run(
    `UPDATE evergrant.grants SET sealed_refresh_token = $2, refresh_version = refresh_version + 1,
       refresh_obtained_at = $3, refresh_expires_at = $4, refresh_unknown_since = NULL
     WHERE id = $1`,
    [
      grant.id,
      seal(refreshToken, refreshTokenPlace(grant.id)),
      now,
      redemption.refreshExpiresAt ?? null,
    ],
  )
  return true
}

async function noteSuccess(
  transaction: Transaction,
  grant: GrantRow,
  { now, keepAliveAt, redemption }: ExchangeSuccess,
  isTokenSaved: boolean,
): Promise<void> {
  await transaction.run(
    `UPDATE evergrant.grants SET refresh_count = refresh_count + $2,
       last_refreshed_at = coalesce($3, last_refreshed_at),
       keep_alive_at = coalesce($4, keep_alive_at),
       subject = CASE WHEN subject = '' THEN $5 ELSE subject END WHERE id = $1`,
    [
      grant.id,
      isTokenSaved ? 1 : 0,
      isTokenSaved ? now : null,
      keepAliveAt ?? null,
      redemption?.subject ?? '',
    ],
  )
  if (grant.standing === 'current') await setState(transaction, grant, 'active', now)
}

async function recordSlotFailure(
  transaction: Transaction,
  failure: ExchangeFailure,
): Promise<void> {
  const { slot, now, blockedUntil } = failure
  // Of two answers that arrive at once the longer block counts, unless it is longer than any wait
  // that is ever kept: then the clock was turned back since.
  await transaction.run(
    `INSERT INTO evergrant.token_slots AS stored
       (grant_id, target, credential_version, version, blocked_until, failure, updated_at)
     VALUES ($1, $2, $3, 0, $4, $5, $6)
     ON CONFLICT (grant_id, target, credential_version) DO UPDATE SET
       blocked_until = CASE
         WHEN excluded.blocked_until IS NULL THEN stored.blocked_until
         WHEN stored.blocked_until BETWEEN excluded.blocked_until AND $7 THEN stored.blocked_until
         ELSE excluded.blocked_until END,
       failure = excluded.failure, updated_at = excluded.updated_at`,
    [
      ...slotParameters(slot),
      blockedUntil ?? null,
      JSON.stringify(failure.failure),
      now,
      now + longestBlockMs,
    ],
  )
}
