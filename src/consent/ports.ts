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
  readonly state: ConsentState
  readonly stateChangedAt: number
  readonly createdAt: number
  /** Until when it can be finished (epoch ms). */
  readonly expiresAt: number
  /** Why it failed. */
  readonly failure?: ConsentFailure
}

/** Why a session failed. */
export interface ConsentFailure {
  readonly code: ErrorCode
  readonly detail: string
}

/** Where consent sessions live. Every method is one atomic step and bumps `consents` on a change. */
export interface ConsentStore {
  /**
   * Keeps a session with its PKCE verifier, sealed. Whatever else was `created` for the same
   * connection and tenant becomes `cancelled` and loses its verifier: one sign-in is waited for at
   * a time, so that a code without its state has one it belongs to.
   */
  addConsent(session: ConsentSession, verifier: Secret): Promise<void>
  findConsentByState(stateHash: string): Promise<ConsentSession | undefined>
  /** The newest session of a connection and tenant, whatever became of it. */
  newestConsent(connection: string, tenant: string): Promise<ConsentSession | undefined>
  /**
   * Spends a session: moves it from `created` to `code_received`, erases the verifier and returns
   * it. Undefined when it is over, expired, or somebody else came first.
   */
  spendConsent(id: string, now: number): Promise<Secret | undefined>
  /** Moves a session on and erases its verifier; false when it is not in `from` any more. */
  moveConsent(
    id: string,
    change: {
      readonly from: ConsentState
      readonly to: Exclude<ConsentState, 'created' | 'code_received'>
      readonly failure?: ConsentFailure
    },
    now: number,
  ): Promise<boolean>
  /** Deletes up to `limit` sessions that could be finished until `before` at most; how many. */
  sweepConsents(before: number, limit: number): Promise<number>
}
