import type { AccessToken, ErrorCode, UpstreamEvidence } from '../kernel/index.ts'

/** Names a grant: the state behind a connection for one tenant and one subject. */
export interface GrantKey {
  readonly connection: string
  /** The tenant as the provider knows it; empty where the provider has none. */
  readonly tenant: string
  /** The subject's id; empty for a grant of the application itself (client_credentials). */
  readonly subject: string
}

/** The life of a grant. */
export type GrantState = 'pending' | 'active' | 'lapsed' | 'revoked' | 'orphaned'

/** The last thing that went wrong with a grant, kept as evidence. */
export interface GrantFailure {
  readonly code: ErrorCode
  readonly detail: string
  readonly remedy: string
  readonly at: number
  readonly upstream?: UpstreamEvidence
}

/** A grant as stored. */
export interface GrantRecord extends GrantKey {
  readonly id: string
  readonly state: GrantState
  readonly stateChangedAt: number
  readonly createdAt: number
  /** How many tokens were obtained for it, in all. */
  readonly refreshCount: number
  readonly lastRefreshedAt?: number
  readonly lastFailure?: GrantFailure
}

/**
 * Names one access token of a grant: what it is for, and which version of the client credentials
 * obtained it. A changed credential makes a new slot, so a corrected secret is tried at once.
 */
export interface TokenSlotKey {
  readonly grantId: string
  /** Resource and scopes in canonical form. */
  readonly target: string
  /** A fingerprint of the client id and its ordered credentials; never the secret itself. */
  readonly credentialVersion: string
}

/** What a slot holds. */
export interface TokenSlotRecord {
  readonly token?: AccessToken
  /** Goes up with every token saved in the slot. */
  readonly version: number
  /** The claims (JSON text) the token was obtained with, after a claims challenge. */
  readonly claims?: string
  /** Until when the provider asked everyone to stay away (epoch ms; Retry-After). */
  readonly blockedUntil?: number
}

/** A page of grants for listings, newest first. */
export interface GrantQuery {
  readonly connection?: string
  readonly limit: number
  readonly afterId?: string
}

/**
 * Where grants live. Every method is one atomic step, safe to call from many processes at once;
 * `store_unavailable`, `store_busy` and `store_full` are thrown.
 */
export interface GrantStore {
  /** Returns the grant, making it `pending` when there is none. Idempotent. */
  ensureGrant(key: GrantKey, now: number): Promise<GrantRecord>
  findGrant(key: GrantKey): Promise<GrantRecord | undefined>
  listGrants(query: GrantQuery): Promise<readonly GrantRecord[]>
  /** Returns the slot as it is now, its token unsealed; undefined when never written. */
  readSlot(slot: TokenSlotKey): Promise<TokenSlotRecord | undefined>
  /**
   * Saves a new token, marks the grant `active` and counts the refresh, in one step.
   * Compare-and-swap on `expectedVersion` (0 = never written): when another process saved first,
   * nothing is written and `{ saved: false }` carries the slot as it is now.
   */
  saveToken(
    slot: TokenSlotKey,
    expectedVersion: number,
    token: AccessToken,
    details: { readonly claims?: string; readonly now: number },
  ): Promise<
    | { readonly saved: true; readonly version: number }
    | { readonly saved: false; readonly current: TokenSlotRecord }
  >
  /** Records a failure as evidence; `lapse` also moves the grant to `lapsed`. */
  recordFailure(
    grantId: string,
    failure: GrantFailure,
    options: { readonly lapse: boolean },
  ): Promise<void>
  /**
   * Remembers until when the provider asked to stay away from this slot. The longer of two waits
   * counts; one of more than an hour from `now` is of a clock that was turned back, and is
   * replaced.
   */
  blockSlot(slot: TokenSlotKey, until: number, now: number): Promise<void>
}
