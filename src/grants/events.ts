import type { ErrorCode, EvergrantEvent, UpstreamEvidence } from '../kernel/index.ts'

/** Why a token was renewed. */
export type RenewalReason =
  'first' | 'expiring' | 'asked' | 'rejected' | 'claims_challenge' | 'keep_alive'

/** Why a token in memory was forgotten before its time. */
export type DropReason = 'revoked' | 'superseded' | 'orphaned'

interface GrantEventBase extends EvergrantEvent {
  readonly connection: string
  /** As configured; empty where the provider has none. */
  readonly tenant: string
  /** Resource or scopes in canonical form, where it is about one of the grant’s tokens. */
  readonly target?: string
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
      /** The upstream and the rule that judged the answer, where one did. */
      readonly upstream?: string
      readonly rule?: string
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
  | (GrantEventBase & {
      readonly type: 'grant.waited'
      /** What came of the other process’s exchange, or of ours in its place. */
      readonly outcome: 'issued' | 'adopted' | 'failed' | 'fault'
      readonly durationMs: number
    })
  | (GrantEventBase & {
      readonly type: 'grant.taken_over'
      /** How long the exchange had been held (ms). */
      readonly heldForMs: number
    })
  | (GrantEventBase & { readonly type: 'grant.refresh_unknown'; readonly refreshVersion: number })
  | (GrantEventBase & {
      readonly type: 'grant.resent'
      readonly refreshVersion: number
      /** Within the provider’s grace, or because an operator decided so. */
      readonly by: 'grace' | 'operator'
    })
  | (GrantEventBase & { readonly type: 'grant.unsaved' })
  | (GrantEventBase & { readonly type: 'grant.saved_late' })
  | (GrantEventBase & { readonly type: 'grant.dropped'; readonly reason: DropReason })
  | (GrantEventBase & {
      readonly type: 'grant.revoked'
      readonly grantId: string
      readonly atProvider: 'revoked' | 'unsupported' | 'failed' | 'nothing'
    })
  | (GrantEventBase & {
      readonly type: 'grant.reinstated'
      readonly from: 'revoked' | 'orphaned'
    })
  | (GrantEventBase & { readonly type: 'grant.orphaned'; readonly grantId: string })
  | (GrantEventBase & { readonly type: 'grant.kept_alive' })
  | (GrantEventBase & { readonly type: 'grant.candidate_added'; readonly grantId: string })
  | (GrantEventBase & {
      readonly type: 'grant.candidate_proven'
      readonly grantId: string
      readonly proof: string
      readonly outcome: 'passed' | 'failed' | 'unverified'
    })
  | (GrantEventBase & { readonly type: 'grant.candidate_activated'; readonly grantId: string })
  | (GrantEventBase & {
      readonly type: 'grant.candidate_refused'
      readonly grantId: string
      readonly code: ErrorCode
      readonly detail: string
    })
  | (GrantEventBase & { readonly type: 'grant.superseded'; readonly grantId: string })
  | (GrantEventBase & {
      readonly type: 'connection.paused'
      readonly by: string
      readonly reason: string
    })
  | (GrantEventBase & { readonly type: 'connection.resumed' })
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
  'grant.waited': 'Another process was obtaining the token; this one waited for it.',
  'grant.taken_over':
    'The process that was obtaining the token is gone or stalled; this one does it in its place.',
  'grant.refresh_unknown':
    'A refresh token was sent and nobody knows whether the provider has spent it; it is not sent again.',
  'grant.resent':
    'A refresh token whose fate was unknown was sent once more, within the provider’s grace or as an operator decided.',
  'grant.unsaved':
    'The store is away and could not take what the provider issued; it is kept in memory and saved as soon as possible.',
  'grant.saved_late': 'What had been kept in memory while the store was away is saved.',
  'grant.dropped':
    'A token in memory was forgotten at once: its grant was revoked, replaced or orphaned.',
  'grant.revoked': 'A grant was revoked here, and at the provider where it can.',
  'grant.reinstated': 'A grant that was revoked or orphaned serves again.',
  'grant.orphaned': 'A grant’s connection is not defined any more; the grant is kept and rests.',
  'grant.kept_alive': 'A grant was renewed without a caller, because its time had come.',
  'grant.candidate_added': 'A new refresh token is on trial; the current grant goes on serving.',
  'grant.candidate_proven':
    'One proof of a refresh token on trial passed, failed or was not possible.',
  'grant.candidate_activated': 'A refresh token passed its trial; its grant serves from now on.',
  'grant.candidate_refused':
    'A refresh token did not pass its trial; the current grant goes on serving.',
  'grant.superseded': 'Another grant took this one’s place; its tokens are erased.',
  'connection.paused':
    'An operator paused a connection; it hands out no token until it is resumed.',
  'connection.resumed': 'A connection that was paused hands out tokens again.',
  'grant.store_lost': 'The store does not answer: tokens are kept in memory only.',
  'grant.store_regained': 'The store answers again.',
}
