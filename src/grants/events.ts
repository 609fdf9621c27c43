import type { ErrorCode, EvergrantEvent, UpstreamEvidence } from '../kernel/index.ts'

/** Why a token was renewed. */
export type RenewalReason = 'first' | 'expiring' | 'asked' | 'rejected' | 'claims_challenge'

interface GrantEventBase extends EvergrantEvent {
  readonly connection: string
  /** As configured; empty where the provider has none. */
  readonly tenant: string
}

/** What the engine tells the world. No event holds a secret; instants are epoch ms. */
export type GrantEvent =
  | (GrantEventBase & {
      readonly type: 'grant.refreshed'
      readonly reason: RenewalReason
      readonly oldExpiresAt: number | null
      readonly newExpiresAt: number
      readonly durationMs: number
      /** False when the store could not take the token: only this process has it. */
      readonly isPersisted: boolean
    })
  | (GrantEventBase & {
      readonly type: 'grant.adopted'
      readonly oldExpiresAt: number | null
      readonly newExpiresAt: number
    })
  | (GrantEventBase & {
      readonly type: 'grant.refresh_failed'
      readonly reason: RenewalReason
      readonly code: ErrorCode
      readonly detail: string
      readonly remedy: string
      readonly attempt: number
      /** When the next attempt may be made; null when only a change or an operator helps. */
      readonly retryAt: number | null
      /** Life left of the token that goes on serving (ms); 0 when there is none. */
      readonly remainingLifeMs: number
      readonly upstream?: UpstreamEvidence
    })
  | (GrantEventBase & {
      readonly type: 'grant.lapsed'
      readonly code: ErrorCode
      readonly detail: string
      readonly remedy: string
      /** When Evergrant probes whether someone mended it; null when it does not. */
      readonly probeAt: number | null
    })
  | (GrantEventBase & {
      readonly type: 'grant.rejected'
      readonly verdict: 'refused' | 'claims_challenge' | 'not_about_token'
      readonly status: number
      readonly detail: string
      /** How old the refused token was (ms). */
      readonly tokenAgeMs: number
    })
  | (GrantEventBase & {
      readonly type: 'grant.credential_rejected'
      /** Which of the ordered credentials, from 0. */
      readonly position: number
      readonly code: ErrorCode
      readonly detail: string
    })
  | (GrantEventBase & { readonly type: 'grant.credentials_changed' })
  | (EvergrantEvent & {
      readonly type: 'grant.store_lost'
      readonly code: ErrorCode
      readonly detail: string
    })
  | (EvergrantEvent & { readonly type: 'grant.store_regained' })

/** What each event means, in one sentence; the source of the reference page. */
export const grantEventTypes: Readonly<Record<GrantEvent['type'], string>> = {
  'grant.refreshed': 'The provider issued a new token to this process.',
  'grant.adopted': 'A token that another process had obtained was taken from the store.',
  'grant.refresh_failed': 'A renewal failed; the old token goes on serving while it lives.',
  'grant.lapsed':
    'No token is left and the provider’s refusal lasts until someone acts; the remedy says who and how.',
  'grant.rejected': 'An API refused a token, or answered in a way that is not about the token.',
  'grant.credential_rejected': 'The provider refused one of the client’s credentials.',
  'grant.credentials_changed':
    'The client’s credentials are others than before; they are tried at once.',
  'grant.store_lost': 'The store does not answer: tokens are kept in memory only.',
  'grant.store_regained': 'The store answers again.',
}
