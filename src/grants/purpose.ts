import type { EvergrantError } from '../kernel/index.ts'
import type { RenewalReason } from './events.ts'

/** What a renewal is for. */
export interface RenewalPurpose {
  readonly reason: RenewalReason
  /** A stored token must live at least this long to be adopted (ms). */
  readonly needMs: number
  /** Only a stored token issued later than this is adopted (epoch ms). */
  readonly issuedAfter?: number
  /** Claims (JSON text) of a challenge. */
  readonly claims?: string
  /** An operator asks: always exchanges, unless the provider asked to stay away. */
  readonly isOverride?: boolean
  /** An operator decided to send a refresh token again whose fate is unknown. */
  readonly mayResend?: boolean
  /** The grant’s own time has come: a stored token past its soft point does not do. */
  readonly isDue?: boolean
}

/** How a renewal ended; the slot is up to date by then. */
export type RenewalOutcome =
  | { readonly kind: 'issued' }
  | { readonly kind: 'adopted' }
  | {
      readonly kind: 'failed'
      readonly error: EvergrantError
      /** The refresh token may be sent once more, and should be after this time (ms). */
      readonly resendInMs?: number
    }
  /** A bug; thrown to callers that have no token to fall back on. */
  | { readonly kind: 'fault'; readonly fault: unknown }

/** How long a renewal may take in all, so that no flight is unbounded (ms). */
export const renewalDeadlineMs = 30_000
