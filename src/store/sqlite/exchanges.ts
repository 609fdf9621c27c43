import type {
  ExchangeClaim,
  ExchangeCommit,
  ExchangeFailure,
  ExchangeStart,
  ExchangeSuccess,
  TokenSlotKey,
} from '../../grants/ports.ts'
import { isOver, refreshTokenPlace, type GrantRow } from '../rows/grant-row.ts'
import { slotParameters, tokenPlace, asSlot, asFlight } from '../rows/slot-row.ts'
import type { Connection } from './connection.ts'
import { bumpGeneration } from './generations.ts'
import { grantById, intentOf } from './grant-rows.ts'
import { recordEvidence, setState } from './grant-state.ts'
import { removeIntent, settleIntent, writeIntent } from './refresh-journal.ts'
import type { Sealing } from './sealing.ts'
import { slotRow, thatSlot } from './slot-rows.ts'

/** The longest wait that the port lets anyone ask for (ms). */
const longestBlockMs = 3_600_000

/** Takes a slot's flight, and journals an exclusive redemption. Call it inside a write. */
export function begin(connection: Connection, claim: ExchangeClaim): ExchangeStart {
  const { slot, now, redemption } = claim
  const grant = grantById(connection, slot.grantId)
  const row = slotRow(connection, slot)
  if (grant === undefined || isOver(grant)) return { kind: 'moved' }
  if ((row?.version ?? 0) !== claim.slotVersion) return { kind: 'moved' }
  if (redemption !== undefined && !holds(grant, redemption.refreshVersion)) return { kind: 'moved' }

  const flight = row === undefined ? undefined : asFlight(row)
  if (flight !== undefined && flight.leaseUntil > now && flight.attemptId !== claim.displaces) {
    return { kind: 'in_flight', flight }
  }
  if (redemption?.isExclusive === true) {
    const intent = intentOf(connection, slot.grantId, redemption.refreshVersion)
    if (intent !== undefined && intent.attemptId !== redemption.resends) {
      return { kind: 'intent_open', intent }
    }
    writeIntent(connection, claim)
  }
  connection
    .prepare(
      `INSERT INTO token_slots (grant_id, target, credential_version, version, flight_attempt,
         flight_owner, flight_lease_until, flight_started_at, updated_at)
       VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET flight_attempt = excluded.flight_attempt,
         flight_owner = excluded.flight_owner, flight_lease_until = excluded.flight_lease_until,
         flight_started_at = excluded.flight_started_at`,
    )
    .run(
      ...slotParameters(slot),
      claim.attemptId,
      JSON.stringify(claim.owner),
      now + claim.leaseMs,
      now,
      now,
    )
  bumpGeneration(connection, 'slots')
  return { kind: 'begun' }
}

/** Saves what an exchange brought, as far as the versions allow. Call it inside a write. */
export function commit(
  connection: Connection,
  sealing: Sealing,
  success: ExchangeSuccess,
): ExchangeCommit {
  const { slot, redemption } = success
  const grant = grantById(connection, slot.grantId)
  if (grant === undefined || isOver(grant)) {
    return {
      token: 'superseded',
      refreshToken: refreshOutcome(redemption, false),
      slot: currentSlot(connection, sealing, slot),
    }
  }
  const isTokenSaved = saveToken(connection, sealing, success)
  const isRefreshSaved = saveRefreshToken(connection, sealing, grant, success)
  endFlight(connection, slot, success.attemptId)
  connection
    .prepare(`UPDATE token_slots SET failure = NULL, blocked_until = NULL WHERE ${thatSlot}`)
    .run(...slotParameters(slot))
  const isOfGrant = success.isOfCustomer !== true
  if (isOfGrant && (isTokenSaved || isRefreshSaved))
    noteSuccess(connection, grant, success, isTokenSaved)
  bumpGeneration(connection, 'slots')
  return {
    token: isTokenSaved ? 'saved' : 'superseded',
    refreshToken: refreshOutcome(redemption, isRefreshSaved),
    slot: currentSlot(connection, sealing, slot),
  }
}

/** Records a failed exchange. Call it inside a write. */
export function fail(connection: Connection, failure: ExchangeFailure): void {
  const { slot, now, redemption } = failure
  const grant = grantById(connection, slot.grantId)
  if (grant === undefined) return
  if (!isOver(grant)) recordSlotFailure(connection, failure)
  endFlight(connection, slot, failure.attemptId)
  settleIntent(connection, failure)
  if (failure.isOfCustomer !== true) recordEvidence(connection, grant, failure.failure)
  // Whether the token was refused says nothing of the one that has replaced it since.
  const isStale = redemption !== undefined && redemption.refreshVersion !== grant.refresh_version
  if (failure.lapse && !isStale && !isOver(grant)) setState(connection, grant, 'lapsed', now)
  bumpGeneration(connection, 'slots')
}

/** Ends the flight of an attempt, if it still holds the slot. */
export function endFlight({ prepare }: Connection, slot: TokenSlotKey, attemptId: string): void {
  prepare(
    `UPDATE token_slots SET flight_attempt = NULL, flight_owner = NULL, flight_lease_until = NULL,
       flight_started_at = NULL WHERE flight_attempt = ? AND ${thatSlot}`,
  ).run(attemptId, ...slotParameters(slot))
}

/** Lengthens the lease of an attempt's flight; false when it does not hold the slot. */
export function renewFlight(
  { prepare }: Connection,
  slot: TokenSlotKey,
  attemptId: string,
  leaseUntil: number,
): boolean {
  const { changes } = prepare(
    `UPDATE token_slots SET flight_lease_until = ? WHERE flight_attempt = ? AND ${thatSlot}`,
  ).run(leaseUntil, attemptId, ...slotParameters(slot))
  return changes > 0
}

function holds(grant: GrantRow, refreshVersion: number): boolean {
  return Boolean(grant.has_refresh_token) && grant.refresh_version === refreshVersion
}

function currentSlot(
  connection: Connection,
  sealing: Sealing,
  slot: TokenSlotKey,
): ExchangeCommit['slot'] {
  const row = slotRow(connection, slot)
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
function saveToken(connection: Connection, sealing: Sealing, success: ExchangeSuccess): boolean {
  const { slot, slotVersion, token, claims, now } = success
  if ((slotRow(connection, slot)?.version ?? 0) !== slotVersion) return false
  connection
    .prepare(
      `INSERT INTO token_slots (grant_id, target, credential_version, version, sealed_token,
         token_type, issued_at, expires_at, refresh_at, scope, claims, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET version = excluded.version,
         sealed_token = excluded.sealed_token, token_type = excluded.token_type,
         issued_at = excluded.issued_at, expires_at = excluded.expires_at,
         refresh_at = excluded.refresh_at, scope = excluded.scope, claims = excluded.claims,
         updated_at = excluded.updated_at`,
    )
    .run(
      ...slotParameters(slot),
      slotVersion + 1,
      sealing.seal(token.secret, tokenPlace(slot)),
      token.tokenType,
      token.issuedAt,
      token.expiresAt,
      token.refreshAt ?? null,
      token.scope ?? null,
      claims ?? null,
      now,
    )
  return true
}

/**
 * Closes the journal's entry and compares and swaps the refresh token; true when this redemption
 * has settled what the grant holds, be it a new token or that the old one goes on.
 */
function saveRefreshToken(
  connection: Connection,
  sealing: Sealing,
  grant: GrantRow,
  { redemption, now }: ExchangeSuccess,
): boolean {
  if (redemption === undefined) return false
  const { prepare } = connection
  removeIntent(connection, grant.id, redemption.refreshVersion)
  prepare('UPDATE grants SET refresh_used_at = max(refresh_used_at, ?) WHERE sequence = ?').run(
    now,
    grant.sequence,
  )
  if (!holds(grant, redemption.refreshVersion)) return false
  const { refreshToken } = redemption
  if (refreshToken === undefined) {
    prepare(
      `UPDATE grants SET refresh_unknown_since = NULL,
         refresh_expires_at = coalesce(?, refresh_expires_at) WHERE sequence = ?`,
    ).run(redemption.refreshExpiresAt ?? null, grant.sequence)
    return true
  }
  prepare(
    `UPDATE grants SET sealed_refresh_token = ?, refresh_version = refresh_version + 1,
       refresh_obtained_at = ?, refresh_expires_at = ?, refresh_unknown_since = NULL
     WHERE sequence = ?`,
  ).run(
    sealing.seal(refreshToken, refreshTokenPlace(grant.id)),
    now,
    redemption.refreshExpiresAt ?? null,
    grant.sequence,
  )
  return true
}

function noteSuccess(
  connection: Connection,
  grant: GrantRow,
  { now, keepAliveAt, redemption }: ExchangeSuccess,
  isTokenSaved: boolean,
): void {
  connection
    .prepare(
      `UPDATE grants SET refresh_count = refresh_count + ?,
         last_refreshed_at = coalesce(?, last_refreshed_at),
         keep_alive_at = coalesce(?, keep_alive_at),
         subject = iif(subject = '', ?, subject) WHERE sequence = ?`,
    )
    .run(
      isTokenSaved ? 1 : 0,
      isTokenSaved ? now : null,
      keepAliveAt ?? null,
      redemption?.subject ?? '',
      grant.sequence,
    )
  if (grant.standing === 'current') setState(connection, grant, 'active', now)
}

function recordSlotFailure(connection: Connection, failure: ExchangeFailure): void {
  const { slot, now, blockedUntil } = failure
  // Of two answers that arrive at once the longer block counts, unless it is longer than any wait
  // that is ever kept: then the clock was turned back since.
  connection
    .prepare(
      `INSERT INTO token_slots
         (grant_id, target, credential_version, version, blocked_until, failure, updated_at)
       VALUES (?, ?, ?, 0, ?, ?, ?)
       ON CONFLICT DO UPDATE SET
         blocked_until = CASE
           WHEN excluded.blocked_until IS NULL THEN blocked_until
           WHEN blocked_until BETWEEN excluded.blocked_until AND ? THEN blocked_until
           ELSE excluded.blocked_until END,
         failure = excluded.failure, updated_at = excluded.updated_at`,
    )
    .run(
      ...slotParameters(slot),
      blockedUntil ?? null,
      JSON.stringify(failure.failure),
      now,
      now + longestBlockMs,
    )
}
