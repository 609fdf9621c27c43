import type {
  ExchangeClaim,
  ExchangeCommit,
  ExchangeFailure,
  ExchangeStart,
  ExchangeSuccess,
  TokenSlotKey,
} from '../../grants/ports.ts'
import { isOver, refreshTokenPlace, type GrantRow } from '../rows/grant-row.ts'
import { slotParameters, tokenPlace, asSlot, asFlight, type SlotRow } from '../rows/slot-row.ts'
import type { Reader, Transaction } from './connection.ts'
import { intentOf, lockGrant } from './grant-rows.ts'
import { recordEvidence, setState } from './grant-state.ts'
import { removeIntent, settleIntent, writeIntent } from './refresh-journal.ts'
import type { Seal, Sealing } from './sealing.ts'

/** The longest wait that the port lets anyone ask for (ms). */
const longestBlockMs = 3_600_000

/** Picks one slot, for the WHERE of a statement whose first parameters are `slotParameters`. */
const thatSlot = 'grant_id = $1 AND target = $2 AND credential_version = $3'

const flightColumns = [
  'flight_attempt',
  'flight_owner',
  'flight_lease_until',
  'flight_started_at',
] as const

const slotColumns = `version, sealed_token, token_type, issued_at, expires_at, refresh_at, scope,
  claims, blocked_until, ${flightColumns.join(', ')}, failure`

/** Nothing where the flight is that of the attempt, else what stands in the column. */
function unlessOf(attempt: string, column: string): string {
  return `CASE WHEN stored.flight_attempt = ${attempt} THEN NULL ELSE stored.${column} END`
}

/** Looks a slot up; undefined when it was never written. */
export async function slotRow(reader: Reader, slot: TokenSlotKey): Promise<SlotRow | undefined> {
  return await reader.row<SlotRow>(
    `SELECT ${slotColumns} FROM evergrant.token_slots WHERE ${thatSlot}`,
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
  }
  // What needs no answer of another statement travels with it, here and below.
  const journalled = redemption?.isExclusive === true ? writeIntent(transaction, claim) : undefined
  const taken = transaction.run(
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
  await Promise.all([journalled, taken])
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
  // In this order: the sealing lock is taken before any row is.
  const [seal, grant] = await Promise.all([
    sealing.within(transaction),
    lockGrant(transaction, slot.grantId),
  ])
  if (grant === undefined || isOver(grant)) {
    return {
      token: 'superseded',
      refreshToken: refreshOutcome(redemption, false),
      slot: await currentSlot(transaction, sealing, slot),
    }
  }
  const saved = await saveToken(transaction, seal, success)
  const isTokenSaved = saved !== undefined
  const isRefreshSaved = redemption !== undefined && holds(grant, redemption.refreshVersion)
  await Promise.all([
    isTokenSaved ? undefined : settleSlot(transaction, slot, success.attemptId),
    redemption === undefined
      ? undefined
      : removeIntent(transaction, grant.id, redemption.refreshVersion),
    saveGrant(transaction, seal, grant, success, { isTokenSaved, isRefreshSaved }),
  ])
  const current = isTokenSaved
    ? asSlot(saved, slot, sealing)
    : await currentSlot(transaction, sealing, slot)
  transaction.bump('slots')
  return {
    token: isTokenSaved ? 'saved' : 'superseded',
    refreshToken: refreshOutcome(redemption, isRefreshSaved),
    slot: current,
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
  if (failure.isOfCustomer !== true) await recordEvidence(transaction, grant, failure.failure)
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
  return Boolean(grant.has_refresh_token) && grant.refresh_version === refreshVersion
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

/**
 * Compares and swaps the token, ends the attempt's flight and forgets an earlier failure, all in
 * one new version of the row; the row as it is then, undefined when the token was not saved.
 */
async function saveToken(
  transaction: Transaction,
  seal: Seal,
  success: ExchangeSuccess,
): Promise<SlotRow | undefined> {
  const { slot, slotVersion, token, claims, now, attemptId } = success
  return await transaction.row<SlotRow>(
    `INSERT INTO evergrant.token_slots AS stored (grant_id, target, credential_version, version,
       sealed_token, token_type, issued_at, expires_at, refresh_at, scope, claims, updated_at)
     SELECT $1, $2, $3, $4::int + 1, $5, $6, $7, $8, $9, $10, $11, $12
     WHERE $4::int = coalesce((SELECT version FROM evergrant.token_slots WHERE ${thatSlot}), 0)
     ON CONFLICT (grant_id, target, credential_version) DO UPDATE SET version = excluded.version,
       sealed_token = excluded.sealed_token, token_type = excluded.token_type,
       issued_at = excluded.issued_at, expires_at = excluded.expires_at,
       refresh_at = excluded.refresh_at, scope = excluded.scope, claims = excluded.claims,
       updated_at = excluded.updated_at, failure = NULL, blocked_until = NULL,
       ${flightColumns.map((name) => `${name} = ${unlessOf('$13', name)}`).join(', ')}
     RETURNING ${slotColumns}`,
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
      attemptId,
    ],
  )
}

/** What a success does to a slot whose token has been replaced since. */
async function settleSlot(
  transaction: Transaction,
  slot: TokenSlotKey,
  attemptId: string,
): Promise<void> {
  await endFlight(transaction, slot, attemptId)
  await transaction.run(
    `UPDATE evergrant.token_slots SET failure = NULL, blocked_until = NULL
     WHERE ${thatSlot} AND (failure IS NOT NULL OR blocked_until IS NOT NULL)`,
    slotParameters(slot),
  )
}

/**
 * Writes what a success says of the grant as one new version of its row: when its refresh token was
 * used; the rotated one, or that the old one goes on, where this redemption has settled what the
 * grant holds; that it was refreshed.
 */
async function saveGrant(
  transaction: Transaction,
  seal: Seal,
  grant: GrantRow,
  { now, keepAliveAt, redemption, isOfCustomer = false }: ExchangeSuccess,
  {
    isTokenSaved,
    isRefreshSaved,
  }: { readonly isTokenSaved: boolean; readonly isRefreshSaved: boolean },
): Promise<void> {
  const isSaved = (isTokenSaved || isRefreshSaved) && !isOfCustomer
  const isCounted = isTokenSaved && !isOfCustomer
  if (!isSaved && redemption === undefined) return
  const rotated = isRefreshSaved ? redemption?.refreshToken : undefined
  await transaction.run(
    `UPDATE evergrant.grants SET
       refresh_used_at = CASE WHEN refresh_used_at IS NULL THEN NULL
         ELSE greatest(refresh_used_at, $2::bigint) END,
       sealed_refresh_token = coalesce($3::bytea, sealed_refresh_token),
       refresh_version = refresh_version + ($3 IS NOT NULL)::int,
       refresh_obtained_at = CASE WHEN $3 IS NULL THEN refresh_obtained_at ELSE $4::bigint END,
       refresh_expires_at = CASE WHEN $3 IS NOT NULL THEN $5::bigint
         WHEN $6::bool THEN coalesce($5, refresh_expires_at) ELSE refresh_expires_at END,
       refresh_unknown_since = CASE WHEN $6 THEN NULL ELSE refresh_unknown_since END,
       refresh_count = refresh_count + $7::int,
       last_refreshed_at = coalesce($8::bigint, last_refreshed_at),
       keep_alive_at = coalesce($9::bigint, keep_alive_at),
       subject = CASE WHEN subject = '' THEN $10::text ELSE subject END
     WHERE id = $1`,
    [
      grant.id,
      redemption === undefined ? null : now,
      rotated === undefined ? null : seal(rotated, refreshTokenPlace(grant.id)),
      now,
      redemption?.refreshExpiresAt ?? null,
      isRefreshSaved,
      isCounted ? 1 : 0,
      isCounted ? now : null,
      isSaved ? (keepAliveAt ?? null) : null,
      isSaved ? (redemption?.subject ?? '') : '',
    ],
  )
  if (isSaved && grant.standing === 'current') await setState(transaction, grant, 'active', now)
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
