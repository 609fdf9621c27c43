import type {
  AccessToken,
  ErrorCode,
  ProcessOwner,
  Secret,
  UpstreamEvidence,
} from '../kernel/index.ts'
import type { RetryClass } from '../oauth/index.ts'

/** Names the grant that serves a connection for one tenant. */
export interface GrantAddress {
  readonly connection: string
  /** The tenant as the provider knows it; empty where the provider has none. */
  readonly tenant: string
}

/** Names a grant: the state behind a connection for one tenant and one subject. */
export interface GrantKey extends GrantAddress {
  /** The subject's id; empty while unknown, and for a grant of the application itself. */
  readonly subject: string
}

/** The life of a grant. */
export type GrantState = 'pending' | 'active' | 'lapsed' | 'revoked' | 'orphaned'

/**
 * Which of the grants of one connection and tenant it is. At most one is `current` and serves; at
 * most one is a `candidate`, on trial; the others were `superseded` and stay as history.
 */
export type GrantStanding = 'current' | 'candidate' | 'superseded'

/** The last thing that went wrong with a grant, kept as evidence. */
export interface GrantFailure {
  readonly code: ErrorCode
  readonly detail: string
  readonly remedy: string
  readonly at: number
  readonly upstream?: UpstreamEvidence
}

/** What is known of a grant’s refresh token without opening it. */
export interface RefreshTokenFacts {
  /** Goes up with every rotation; 1 for the first. */
  readonly version: number
  /** When this very token was obtained (epoch ms). */
  readonly obtainedAt: number
  /** When any token of the grant was last redeemed: idle life counts from here. */
  readonly lastUsedAt: number
  /** When the provider said it dies (epoch ms), if it said so. */
  readonly expiresAt?: number
  /**
   * Since when the outcome of a redemption is unknown (epoch ms): it may have been spent. It is not
   * sent again unless an operator decides so.
   */
  readonly unknownSince?: number
}

/** A grant as stored. */
export interface GrantRecord extends GrantKey {
  readonly id: string
  readonly standing: GrantStanding
  readonly state: GrantState
  readonly stateChangedAt: number
  readonly createdAt: number
  /** How many tokens were obtained for it, in all. */
  readonly refreshCount: number
  readonly lastRefreshedAt?: number
  readonly lastFailure?: GrantFailure
  /** Absent for grants of the application itself, and after a revocation. */
  readonly refreshToken?: RefreshTokenFacts
  /** When it wants to be renewed without anyone asking (epoch ms). */
  readonly keepAliveAt?: number
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

/** A failed exchange as the processes share it. */
export interface SharedFailure extends GrantFailure {
  readonly retry: RetryClass
  /** How many in a row failed in the same way, at least 1. */
  readonly attempts: number
  /** When the next attempt may be made (epoch ms); absent when only a change helps. */
  readonly retryAt?: number
}

/** An exchange under way: whoever holds it sends the one request that all wait for. */
export interface Flight {
  /** Unique for every attempt; names the holder in every later call. */
  readonly attemptId: string
  readonly owner: ProcessOwner
  /** When the lease ends (epoch ms); a holder that finishes later than that may find it taken. */
  readonly leaseUntil: number
  readonly startedAt: number
}

/** What a slot holds. */
export interface TokenSlotRecord {
  readonly token?: AccessToken
  /** Goes up with every token saved in the slot; 0 when none ever was. */
  readonly version: number
  /** The claims (JSON text) the token was obtained with, after a claims challenge. */
  readonly claims?: string
  /** Until when the provider asked everyone to stay away (epoch ms; Retry-After). */
  readonly blockedUntil?: number
  /** The exchange under way, by whichever process. */
  readonly flight?: Flight
  /** How the last exchange failed; absent after a success. */
  readonly failure?: SharedFailure
}

/**
 * The journal’s entry for a redemption that must not happen twice: written before the refresh token
 * of that version is sent, removed with its outcome. One that is still there after its owner is
 * gone means that the outcome is unknown.
 */
export interface RefreshIntent extends Flight {
  readonly grantId: string
  readonly refreshVersion: number
  /** How often the token has been sent again since its outcome became unknown. */
  readonly resends: number
  /** True once its own holder could not tell what became of it. */
  readonly isUnknown: boolean
}

/** Everything a renewal has to know, from one consistent view. */
export interface RenewalView {
  readonly grant: GrantRecord
  /** Undefined when the slot was never written. */
  readonly slot?: TokenSlotRecord
  /** The refresh token itself; absent for grants of the application. */
  readonly refreshToken?: Secret
  /** The open entry of the journal for the refresh token’s version. */
  readonly intent?: RefreshIntent
}

/** What a process asks for before it sends a token request. */
export interface ExchangeClaim {
  readonly slot: TokenSlotKey
  /** The slot version the decision rests on (0: never written). */
  readonly slotVersion: number
  readonly attemptId: string
  readonly owner: ProcessOwner
  readonly now: number
  readonly leaseMs: number
  /** The attempt to push aside, because its owner is certainly gone or its lease is over. */
  readonly displaces?: string
  /** Present when a refresh token will be redeemed. */
  readonly redemption?: {
    readonly refreshVersion: number
    /**
     * Whether the provider kills a used refresh token (`strict`): then an intent is journalled, and
     * one redemption of the grant is under way at a time, whatever its target.
     */
    readonly isExclusive: boolean
    /** The intent to push aside: its owner is gone and sending again was decided to be right. */
    readonly resends?: string
  }
}

/** What became of a claim. Only `begun` permits to send. */
export type ExchangeStart =
  | { readonly kind: 'begun' }
  /** A token was saved, a refresh token rotated or the grant changed meanwhile: look again. */
  | { readonly kind: 'moved' }
  /** Another attempt holds the slot’s flight; over when `leaseUntil` has passed. */
  | { readonly kind: 'in_flight'; readonly flight: Flight }
  /** Another attempt has journalled this refresh token’s version. */
  | { readonly kind: 'intent_open'; readonly intent: RefreshIntent }

/** A success, to be committed. */
export interface ExchangeSuccess {
  readonly slot: TokenSlotKey
  readonly attemptId: string
  readonly slotVersion: number
  readonly token: AccessToken
  readonly claims?: string
  readonly now: number
  /** When the grant wants to be renewed without anyone asking; absent: as before. */
  readonly keepAliveAt?: number
  /**
   * The token is for a customer’s tenant: state and history of the grant stay as they are. Its
   * refresh token is rotated all the same.
   */
  readonly isOfCustomer?: boolean
  readonly redemption?: {
    readonly refreshVersion: number
    /** The new refresh token; absent when the provider returned none: the old one stays. */
    readonly refreshToken?: Secret
    readonly refreshExpiresAt?: number
    /** Who the token is for, where the provider said so. */
    readonly subject?: string
  }
}

/** What a commit wrote. */
export interface ExchangeCommit {
  /** `superseded`: another process saved first; the slot is as `slot` tells, ours was not written. */
  readonly token: 'saved' | 'superseded'
  /**
   * `superseded`: the version had moved on, so the new refresh token was dropped. `kept`: there was
   * none to save.
   */
  readonly refreshToken: 'saved' | 'kept' | 'superseded' | 'none'
  /** The slot after the commit. */
  readonly slot: TokenSlotRecord
}

/** A failure, to be recorded. */
export interface ExchangeFailure {
  readonly slot: TokenSlotKey
  readonly attemptId: string
  readonly failure: SharedFailure
  readonly now: number
  /** Until when the provider asked everyone to stay away. */
  readonly blockedUntil?: number
  /**
   * Moves the grant to `lapsed`, unless `redemption` is of a refresh token that was replaced since:
   * that one was refused, not the grant.
   */
  readonly lapse: boolean
  /** A customer’s tenant said so: it is kept in the slot alone, and is no evidence of the grant’s. */
  readonly isOfCustomer?: boolean
  readonly redemption?: {
    readonly refreshVersion: number
    /**
     * `none`: the provider certainly did not spend the token, so the intent goes; that of a resend
     * goes back to what it was, since the first time is as unknown as before. `unknown`: it may
     * have, so the intent stays, marked, and the refresh token with it.
     */
    readonly effect: 'none' | 'unknown'
  }
}

/** A page of grants for listings, newest first. */
export interface GrantQuery {
  readonly connection?: string
  readonly tenant?: string
  readonly standing?: GrantStanding
  readonly limit: number
  readonly afterId?: string
}

/**
 * Where grants live. Every method is one atomic step, safe to call from many processes at once;
 * instants are StoreClock time. `store_unavailable`, `store_busy` and `store_full` are thrown.
 */
export interface GrantStore {
  /** Returns the current grant, making it `pending` when there is none. Idempotent. */
  ensureGrant(address: GrantAddress, now: number): Promise<GrantRecord>
  /** Returns the current grant. */
  findGrant(address: GrantAddress): Promise<GrantRecord | undefined>
  getGrant(id: string): Promise<GrantRecord | undefined>
  listGrants(query: GrantQuery): Promise<readonly GrantRecord[]>
  /** Returns the slot as it is now, its token unsealed; undefined when never written. */
  readSlot(slot: TokenSlotKey): Promise<TokenSlotRecord | undefined>
  /** Reads grant, slot, refresh token and intent as of one instant; undefined without the grant. */
  viewForRenewal(slot: TokenSlotKey): Promise<RenewalView | undefined>

  /**
   * Takes the slot’s flight, and for an exclusive redemption journals the intent: both or nothing.
   * Durable before it resolves. `begun` only when the slot version and the refresh version are as
   * claimed, no flight is open but an expired one (`leaseUntil` ≤ now) or `displaces`, and no
   * intent of that refresh version is there but the one named by `resends` (whose `resends` count
   * goes up).
   */
  beginExchange(claim: ExchangeClaim): Promise<ExchangeStart>
  /**
   * Saves what an exchange brought, in one step: the token by compare-and-swap on the slot version,
   * the refresh token by compare-and-swap on its version; removes the intent of that version and
   * the flight of that attempt, clears failure, block and `unknownSince`; the grant becomes
   * `active` (a `candidate` stays pending, a `revoked` grant stays revoked and nothing is saved).
   * Works also when the lease is over or the intent was pushed aside: the versions decide.
   */
  commitExchange(success: ExchangeSuccess): Promise<ExchangeCommit>
  /**
   * Records a failure for every process and, unless it is a customer’s, as the grant’s evidence;
   * ends the flight of that attempt, and settles the intent as `redemption.effect` says. Of two
   * blocks the longer counts; one of more than an hour from `now` is of a clock that was turned
   * back, and is replaced.
   */
  failExchange(failure: ExchangeFailure): Promise<void>
  /** Gives a flight up, and its intent: nothing was sent. Idempotent. */
  abandonExchange(slot: TokenSlotKey, attemptId: string): Promise<void>
  /** Lengthens the lease of a flight and its intent; false when the attempt does not hold it. */
  renewLease(slot: TokenSlotKey, attemptId: string, leaseUntil: number): Promise<boolean>
  /** Marks the refresh token of that version as perhaps spent. Idempotent. */
  markRefreshUnknown(grantId: string, refreshVersion: number, now: number): Promise<void>
  /** Records evidence outside an exchange; `lapse` also moves the grant to `lapsed`. */
  recordFailure(
    grantId: string,
    failure: GrantFailure,
    options: { readonly lapse: boolean },
  ): Promise<void>

  /**
   * Puts a refresh token on trial as the candidate of a connection and tenant, in place of an
   * earlier candidate (which becomes `superseded`). The current grant goes on serving.
   */
  addCandidate(
    key: GrantKey,
    refreshToken: { readonly secret: Secret; readonly expiresAt?: number },
    now: number,
  ): Promise<GrantRecord>
  /**
   * Makes a candidate the current grant, `active`, and supersedes the one that was; its tokens are
   * erased. False when it is no candidate any more.
   */
  activateCandidate(grantId: string, subject: string, now: number): Promise<boolean>
  /** Supersedes a candidate that failed its trial; its tokens are erased, its failure is kept. */
  discardCandidate(grantId: string, failure: GrantFailure): Promise<void>
  /**
   * Moves a grant to `revoked` and erases its tokens, flights, intents and `keepAliveAt`; versions
   * go up, so that nothing an exchange under way brings is saved, not even later. Idempotent.
   */
  revokeGrant(grantId: string, now: number): Promise<void>
  /**
   * Moves a grant between `orphaned`, `pending` and `active`; `revoked` grants only to `pending`,
   * by an operator.
   */
  setGrantState(
    grantId: string,
    state: 'orphaned' | 'pending' | 'active',
    now: number,
  ): Promise<void>
  /** Sets when a grant wants to be renewed next; undefined: never by itself. */
  scheduleKeepAlive(grantId: string, at: number | undefined): Promise<void>
  /** Returns the earliest `keepAliveAt` of the current, unrevoked grants; undefined: none has one. */
  earliestDue(): Promise<number | undefined>
  /**
   * Takes up to `limit` current, unrevoked grants whose `keepAliveAt` has come, the most overdue
   * first, and moves their `keepAliveAt` to `now + leaseMs`, so that no other process takes them
   * meanwhile and none is lost when this one dies.
   */
  takeDue(now: number, limit: number, leaseMs: number): Promise<readonly GrantRecord[]>
}

/** A connection as kept in the store: what its entry in the file would hold, as JSON. */
export interface StoredConnection {
  readonly name: string
  /** JSON of the entry below `connections:`; its secrets are references to `readSecret`. */
  readonly body: string
  /** Goes up with every change. */
  readonly version: number
  readonly createdAt: number
  readonly updatedAt: number
}

/** That a connection hands out no token until someone resumes it. */
export interface ConnectionPause {
  /** By name, wherever it is defined; its tenants and customers are paused with it. */
  readonly connection: string
  readonly pausedAt: number
  /** Who paused it, for people. */
  readonly by: string
  /** Why, for people; empty when nobody said. */
  readonly reason: string
  /** Whether its refresh token is used in time all the same, so that it does not die of idleness. */
  readonly keepsAlive: boolean
}

/** Where connections live that were not defined in the file, and the pauses of all. */
export interface ConnectionStore {
  /** A page by name, ascending. */
  listConnections(query: {
    readonly limit: number
    readonly afterName?: string
  }): Promise<readonly StoredConnection[]>
  getConnection(name: string): Promise<StoredConnection | undefined>
  /**
   * Writes a connection with its secrets, sealed, in one step, by compare-and-swap on the version
   * (0: there is none). Secrets that `body` no longer refers to are erased; those not given stay.
   */
  saveConnection(
    connection: {
      readonly name: string
      readonly body: string
      readonly expectedVersion: number
      /** By slot name, such as `credentials[0]`; every slot `body` refers to, or as before. */
      readonly secrets: ReadonlyMap<string, Secret>
      /** Every slot that may stay. */
      readonly slots: readonly string[]
    },
    now: number,
  ): Promise<
    | { readonly saved: true; readonly version: number }
    | { readonly saved: false; readonly current: StoredConnection | undefined }
  >
  /**
   * Leaves the grants of a connection `orphaned` and removes it with its secrets, in that order;
   * many grants take several steps, and the call may be repeated after an interruption. Its pause
   * ends with it. False when unknown.
   */
  removeConnection(name: string, now: number): Promise<boolean>
  readSecret(name: string, slot: string): Promise<Secret | undefined>
  /** A page of pauses by name, ascending. */
  listPauses(query: {
    readonly limit: number
    readonly afterName?: string
  }): Promise<readonly ConnectionPause[]>
  /** Pauses a connection; false, and nothing changed, when it is paused already. */
  pauseConnection(pause: ConnectionPause): Promise<boolean>
  /** Ends the pause of a connection; false when there is none. */
  resumeConnection(name: string): Promise<boolean>
}
