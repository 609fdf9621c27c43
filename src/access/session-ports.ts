import type { Role } from './caller.ts'

/** A session of a caller that brought a token or a code; the session token is nowhere in clear. */
export interface SessionRecord {
  /** `ses_…` */
  readonly id: string
  /** SHA-256 of the session token, hex. */
  readonly hash: string
  /** Name of the issuer in the configuration. */
  readonly issuer: string
  /** Who it is, as JSON that `server` writes and reads: what the bearer token told at exchange. */
  readonly identity: string
  /** The account it belongs to, so that it goes with it. */
  readonly account?: { readonly tenantId: string; readonly kind: string; readonly id: string }
  readonly role?: Role
  readonly createdAt: number
  /** Never later than the end of the token it was made from. */
  readonly expiresAt: number
  readonly revokedAt?: number
}

/** Where sessions live. */
export interface SessionStore {
  addSession(session: SessionRecord): Promise<void>
  /** Also expired and revoked ones, until they are swept. */
  findSession(hash: string): Promise<SessionRecord | undefined>
  /** False when there is none, or it was revoked already. Bumps the generation `sessions`. */
  revokeSession(id: string, now: number): Promise<boolean>
  /** Revokes every session of an account; how many. Bumps the generation `sessions` if any. */
  revokeSessionsOf(
    account: { readonly tenantId: string; readonly kind: string; readonly id: string },
    now: number,
  ): Promise<number>
  /** A page of living sessions, the newest first. */
  listSessions(query: {
    readonly limit: number
    readonly after?: string
    readonly now: number
  }): Promise<readonly SessionRecord[]>
  /** Deletes up to `limit` sessions that ended before `before`; how many. */
  sweepSessions(before: number, limit: number): Promise<number>
}
