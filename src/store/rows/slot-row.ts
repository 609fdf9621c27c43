import type { Flight, SharedFailure, TokenSlotKey, TokenSlotRecord } from '../../grants/ports.ts'
import type { AccessToken, ProcessOwner, Secret } from '../../kernel/index.ts'
import type { SealPlace } from '../../vault/index.ts'

/** What opens sealed values. */
export interface Opening {
  open(sealed: Uint8Array, place: SealPlace): Secret
}

/** A row of `token_slots`. */
export interface SlotRow {
  readonly version: number
  readonly sealed_token: Uint8Array | null
  readonly token_type: string | null
  readonly issued_at: number | null
  readonly expires_at: number | null
  readonly refresh_at: number | null
  readonly scope: string | null
  readonly claims: string | null
  readonly blocked_until: number | null
  readonly flight_attempt: string | null
  readonly flight_owner: string | null
  readonly flight_lease_until: number | null
  readonly flight_started_at: number | null
  readonly failure: string | null
}

/** The primary key of a slot, in the order of its columns. */
export function slotParameters(slot: TokenSlotKey): [string, string, string] {
  return [slot.grantId, slot.target, slot.credentialVersion]
}

/** The cell a slot's token is sealed for: its key as text, unambiguous whatever its parts hold. */
export function tokenPlace(slot: TokenSlotKey): SealPlace {
  return { table: 'token_slots', column: 'sealed_token', row: JSON.stringify(slotParameters(slot)) }
}

/** A row as the port shows it, its token unsealed. */
export function asSlot(row: SlotRow, slot: TokenSlotKey, sealing: Opening): TokenSlotRecord {
  const token = asToken(row, slot, sealing)
  const flight = asFlight(row)
  return {
    version: row.version,
    ...(token === undefined ? {} : { token }),
    ...(row.claims === null ? {} : { claims: row.claims }),
    ...(row.blocked_until === null ? {} : { blockedUntil: row.blocked_until }),
    ...(flight === undefined ? {} : { flight }),
    ...(row.failure === null ? {} : { failure: JSON.parse(row.failure) as SharedFailure }),
  }
}

/** The exchange under way for a slot. */
export function asFlight(row: SlotRow): Flight | undefined {
  const { flight_attempt: attemptId, flight_owner: owner } = row
  const { flight_lease_until: leaseUntil, flight_started_at: startedAt } = row
  if (attemptId === null || owner === null || leaseUntil === null || startedAt === null) {
    return undefined
  }
  return { attemptId, owner: JSON.parse(owner) as ProcessOwner, leaseUntil, startedAt }
}

function asToken(row: SlotRow, slot: TokenSlotKey, sealing: Opening): AccessToken | undefined {
  const { sealed_token: sealed, token_type: tokenType, issued_at, expires_at } = row
  if (sealed === null || tokenType === null || issued_at === null || expires_at === null) {
    return undefined
  }
  return {
    secret: sealing.open(sealed, tokenPlace(slot)),
    tokenType,
    issuedAt: issued_at,
    expiresAt: expires_at,
    ...(row.refresh_at === null ? {} : { refreshAt: row.refresh_at }),
    ...(row.scope === null ? {} : { scope: row.scope }),
  }
}
