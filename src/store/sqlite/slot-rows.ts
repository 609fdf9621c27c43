import type { TokenSlotKey } from '../../grants/ports.ts'
import { slotParameters, type SlotRow } from '../rows/slot-row.ts'
import type { Connection } from './connection.ts'

/** Picks one slot, for the WHERE of a statement whose last parameters are `slotParameters`. */
export const thatSlot = 'grant_id = ? AND target = ? AND credential_version = ?'

/** Looks a slot up; undefined when it was never written. */
export function slotRow({ prepare }: Connection, slot: TokenSlotKey): SlotRow | undefined {
  return prepare<[string, string, string], SlotRow>(
    `SELECT version, sealed_token, token_type, issued_at, expires_at, refresh_at, scope, claims,
       blocked_until, flight_attempt, flight_owner, flight_lease_until, flight_started_at, failure
     FROM token_slots WHERE ${thatSlot}`,
  ).get(...slotParameters(slot))
}
