import type { ErrorCode, Secret } from '../kernel/index.ts'

/**
 * The life of a consent session: somebody was asked (`created`), something came back
 * (`code_received`), it is on trial (`verifying`), and then one of the others, which are final.
 */
export type ConsentState =
  'created' | 'code_received' | 'verifying' | 'active' | 'failed' | 'expired' | 'cancelled'

/** One attempt to obtain consent. Holds nothing that would finish it. */
export interface ConsentSession {
  /** `cns_…` */
  readonly id: string
  readonly connection: string
  /** The tenant as the provider knows it; empty where the provider has none. */
  readonly tenant: string
  /** SHA-256 of the `state` that went with the sign-in, hex. */
  readonly stateHash: string
  /** Where the sign-in was to lead, exactly. */
  readonly redirectUri: string
  readonly purpose: 'connect' | 'reconnect'
  /** Who began it, for people. */
  readonly startedBy: string
  /** The account that serves now, if one does: another one needs approval. */
  readonly expectedSubject?: string
  /** Another account was approved when it was begun. */
  readonly approvesAccount: boolean
  /** The hand-off link that it was begun by. */
  readonly linkId?: string
  /** SHA-256 of the cookie of the browser that it is bound to, hex. */
  readonly browserHash?: string
  readonly state: ConsentState
  readonly stateChangedAt: number
  readonly createdAt: number
  /** Until when it can be finished (epoch ms). */
  readonly expiresAt: number
  /** The process that finishes it, once something came back. */
  readonly worker?: string
  /** Who signed in. */
  readonly account?: ConsentAccount
  /** How far its trial has come; empty before. */
  readonly rungs: readonly ConsentRung[]
  /** Why it failed. */
  readonly failure?: ConsentFailure
}

/** Who signed in, as the ID token said. */
export interface ConsentAccount {
  readonly subject: string
  readonly userName?: string
  readonly tenantId?: string
}

/** One proof of a trial, as far as it is known. */
export interface ConsentRung {
  /** As the proof is called. */
  readonly name: string
  readonly outcome: 'waiting' | 'running' | 'passed' | 'failed' | 'unverified'
  readonly detail?: string
  readonly code?: ErrorCode
  readonly remedy?: string
  /** What APIs called the requests, for support tickets. */
  readonly requestIds: readonly string[]
  /** Since when it is so; absent while it waits. */
  readonly at?: number
}

/** Why a session failed. */
export interface ConsentFailure {
  readonly code: ErrorCode
  readonly detail: string
  /** What to do, where that is more exact than what the registry says. */
  readonly remedy?: string
}

/** Which sessions are wanted, the newest first. */
export interface ConsentQuery {
  readonly limit: number
  readonly connection?: string
  readonly tenant?: string
  readonly state?: ConsentState
  /** Those that were begun before this one. */
  readonly before?: string
}

/** Where consent sessions live. Every method is one atomic step and bumps `consents` on a change. */
export interface ConsentStore {
  /**
   * Keeps a session with its PKCE verifier, sealed. Whatever else was `created` for the same
   * connection and tenant, and by the same link or by none as well, becomes `cancelled` and loses
   * its verifier: so a code without its state has one sign-in it belongs to, and nobody who uses a
   * link ends the sign-in of somebody else. False, and it is not kept, when another sign-in of the
   * same link has come back and did not fail: each link leads to one grant.
   */
  addConsent(session: ConsentSession, verifier: Secret): Promise<boolean>
  findConsentByState(stateHash: string): Promise<ConsentSession | undefined>
  findConsent(id: string): Promise<ConsentSession | undefined>
  listConsents(query: ConsentQuery): Promise<readonly ConsentSession[]>
  /** The newest session of a connection and tenant that no link began, whatever became of it. */
  newestConsent(connection: string, tenant: string): Promise<ConsentSession | undefined>
  /**
   * Spends a session: moves it from `created` to `code_received`, notes who finishes it, erases the
   * verifier and returns it. Undefined when it is over, expired, or somebody else came first.
   */
  spendConsent(id: string, worker: string, now: number): Promise<Secret | undefined>
  /** Notes who signed in and how far the trial has come; nothing once the session is over. */
  noteConsent(
    id: string,
    seen: { readonly account?: ConsentAccount; readonly rungs: readonly ConsentRung[] },
  ): Promise<void>
  /** Moves a session on and erases its verifier; false when it is not in `from` any more. */
  moveConsent(
    id: string,
    change: {
      readonly from: ConsentState
      readonly to: Exclude<ConsentState, 'created' | 'code_received'>
      readonly failure?: ConsentFailure
      /** How far the trial came. Default: as it was noted last. */
      readonly rungs?: readonly ConsentRung[]
    },
    now: number,
  ): Promise<boolean>
  /**
   * Deletes up to `limit` sessions that no link began and that could be finished until `before` at
   * most; how many.
   */
  sweepConsents(before: number, limit: number): Promise<number>
}
