import type { ConsentState } from './ports.ts'

/** An invitation to somebody to sign in for a connection. Holds nothing that would open it. */
export interface ConsentLink {
  /** `lnk_…` */
  readonly id: string
  /** SHA-256 of its token, hex. */
  readonly tokenHash: string
  readonly connection: string
  /** The tenant as the provider knows it; empty where the provider has none. */
  readonly tenant: string
  /** Who shall use it, for people. */
  readonly recipient: string
  /** What the recipient is told besides. */
  readonly note?: string
  /** Another account than the one that serves may sign in. */
  readonly approvesAccount: boolean
  /** Who asks, for people. */
  readonly createdBy: string
  readonly createdAt: number
  /** Until when a sign-in can be begun by it (epoch ms). */
  readonly expiresAt: number
  /** When its page was seen first. */
  readonly openedAt?: number
  readonly revokedAt?: number
  /** SHA-256 of the cookie of the browser that begins its sign-ins, hex. */
  readonly browserHash?: string
  /** The newest sign-in that it began. */
  readonly consent?: LinkedConsent
}

/** What became of the sign-in that a link began. */
export interface LinkedConsent {
  readonly id: string
  readonly state: ConsentState
  readonly stateChangedAt: number
  readonly expiresAt: number
  /** The code of its failure. */
  readonly failureCode?: string
}

/** Which links are wanted, the newest first. */
export interface LinkQuery {
  readonly limit: number
  readonly connection?: string
  /** Those that can, or cannot, lead to a grant any more. */
  readonly isOpen?: boolean
  /** Those that were made before this one. */
  readonly before?: string
}

/** Where hand-off links live. Every method is one atomic step and bumps `consents` on a change. */
export interface LinkStore {
  addLink(
    link: Omit<ConsentLink, 'openedAt' | 'revokedAt' | 'browserHash' | 'consent'>,
  ): Promise<void>
  findLink(id: string): Promise<ConsentLink | undefined>
  findLinkByToken(tokenHash: string): Promise<ConsentLink | undefined>
  listLinks(query: LinkQuery, now: number): Promise<readonly ConsentLink[]>
  /** Notes when its page was seen first; false when it was seen before. */
  openLink(id: string, now: number): Promise<boolean>
  /**
   * Binds the link to the browser that begins its sign-ins, for good; false when it is bound to
   * another one, revoked or expired.
   */
  bindLink(id: string, browserHash: string, now: number): Promise<boolean>
  /** Revokes a link, and cancels the sign-in that waits by it; false when it was revoked before. */
  revokeLink(id: string, now: number): Promise<boolean>
  /** Deletes up to `limit` links that expired before, with their sign-ins; how many links. */
  sweepLinks(before: number, limit: number): Promise<number>
}
