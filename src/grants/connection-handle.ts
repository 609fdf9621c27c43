import type { AccessToken, EvergrantError, Result } from '../kernel/index.ts'
import type { TokenTarget } from '../oauth/index.ts'
import type { RejectionReport } from './classify-rejection.ts'
import type { ConnectionDefinition } from './connection.ts'

/** A token handed out. */
export interface TokenGrant {
  readonly token: AccessToken
  /** From memory, just issued to us, or found in the store where another process had put it. */
  readonly origin: 'cache' | 'issued' | 'adopted'
  /** The renewal that was due failed; this token still lives. */
  readonly warning?: EvergrantError
}

/** What a caller may wish of a token. Durations in milliseconds. */
export interface GetTokenOptions {
  /** Hard: less life than this is of no use (0 by default). */
  readonly minRemainingMs?: number
  /**
   * A token with less life than this is renewed first, and the caller waits; at most half of the
   * newest token’s life counts (0 by default). When that fails the old token comes with a warning.
   */
  readonly renewBelowMs?: number
  /** Renews whatever the old token’s life; pauses after failures are kept (false by default). */
  readonly forceRenewal?: boolean
  /** Ends this caller’s wait, never the renewal that others wait for. */
  readonly signal?: AbortSignal
}

/** What came of a reported rejection. */
export type Rejection =
  /** The refused token was not the newest: use this one. */
  | { readonly kind: 'newer_token_exists'; readonly token: AccessToken }
  | { readonly kind: 'renewed'; readonly token: AccessToken }
  /** As asked for by a claims challenge. */
  | { readonly kind: 'renewed_with_claims'; readonly token: AccessToken }
  /**
   * A new token would be refused alike: permission, audience, or another matter altogether;
   * `budget`: new ones were, by the same ruling, and the token goes on serving.
   */
  | {
      readonly kind: 'not_about_token'
      readonly reason: 'permission' | 'audience' | 'other_scheme' | 'status' | 'budget'
      readonly detail: string
    }
  /** No usable token; `token_refused` when fresh ones were refused three times in five minutes. */
  | { readonly kind: 'renewal_failed'; readonly error: EvergrantError }

/** One connection, as its users hold it. */
export interface ConnectionHandle {
  /** As callers write it: `name`, or `name@tenant`. */
  readonly address: string
  /** As it is now; the last one there was, once the connection is gone. */
  readonly definition: ConnectionDefinition
  /** What the tokens are for. */
  readonly target: TokenTarget
  /**
   * Resolves with a token that lives and that no API has refused. A fresh one comes from memory
   * within a microsecond; otherwise every caller shares one renewal, its success, its failure and
   * its Retry-After. Errors: every code of a provider’s refusal, `token_life_too_short`,
   * `token_refused`, `token_wait_timeout`, `secret_unavailable`, `grant_revoked`, `consent_needed`,
   * `refresh_unknown`, `store_unavailable`, `connection_unknown` once it was removed,
   * `engine_closed`. Rejects only with the signal’s reason, or with a fault.
   */
  getToken(options?: GetTokenOptions): Promise<Result<TokenGrant, EvergrantError>>
  /** Returns the token in memory while it lives; starts nothing. */
  peek(): AccessToken | undefined
  /**
   * Returns the token in memory while it needs no renewal, at once and without a promise; otherwise
   * undefined, and `getToken` is to be asked. Starts nothing.
   */
  take(): AccessToken | undefined
  /**
   * Tells that an API refused a token. The refused token is never handed out again; a token newer
   * than it is returned at once, otherwise one renewal is shared by all who report. A ruling that
   * had three tokens renewed in five minutes and refuses the fourth has none renewed and none
   * refused until the five minutes are over.
   */
  reportRejection(
    report: RejectionReport,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Rejection>
}
