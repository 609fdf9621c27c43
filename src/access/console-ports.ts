import type { Role } from './caller.ts'

/** A person who is signed in to the console; the secret of the cookie is nowhere in clear. */
export interface ConsoleSessionRecord {
  /** `cse_…` */
  readonly id: string
  /** SHA-256 of the secret in the cookie, hex. */
  readonly hash: string
  /** Of the caller that the person is. */
  readonly callerId: string
  readonly name: string
  readonly role: Role
  /** Name of the issuer in the configuration; absent where a link signed in. */
  readonly issuer?: string
  /** What the issuer told, as JSON that `server` writes and reads. */
  readonly identity?: string
  /** The link that signed in. */
  readonly linkId?: string
  readonly createdAt: number
  /** The last use, to the minute. */
  readonly usedAt: number
  /** The latest end, however much it is used. */
  readonly expiresAt: number
  readonly revokedAt?: number
}

/** A link that signs in once. */
export interface ConsoleLinkRecord {
  /** `cln_…` */
  readonly id: string
  /** SHA-256 of the token in the link, hex. */
  readonly hash: string
  /** Name of whoever signs in with it. */
  readonly name: string
  readonly role: Role
  /** Who made it. */
  readonly createdBy: string
  readonly createdAt: number
  readonly expiresAt: number
  readonly usedAt?: number
}

/**
 * A sign-in at an issuer that is under way. State, nonce and PKCE verifier are made from the salt
 * and the secret in the browser’s cookie: neither this record nor the browser alone has them.
 */
export interface ConsoleSignInRecord {
  /** SHA-256 of the secret in the browser’s cookie, hex. */
  readonly hash: string
  readonly salt: string
  readonly issuer: string
  /** Of an issuer with several. */
  readonly tenant?: string
  /** A path below `/console/`. */
  readonly returnTo: string
  readonly expiresAt: number
}

/** Where console sessions, links and sign-ins live. */
export interface ConsoleStore {
  addSession(session: ConsoleSessionRecord): Promise<void>
  /** Also those that are over, until they are swept. */
  findSession(hash: string): Promise<ConsoleSessionRecord | undefined>
  /** Notes a use; an earlier one than is known changes nothing. Bumps no generation. */
  useSession(id: string, at: number): Promise<void>
  /** False when there is none, or it was revoked already. Bumps the generation `sessions`. */
  revokeSession(id: string, now: number): Promise<boolean>
  /** A page of sessions that live and were used since, the newest first. */
  listSessions(query: {
    readonly limit: number
    readonly after?: string
    readonly now: number
    readonly usedSince: number
  }): Promise<readonly ConsoleSessionRecord[]>
  addLink(link: ConsoleLinkRecord): Promise<void>
  /** Also those that are over. */
  findLink(hash: string): Promise<ConsoleLinkRecord | undefined>
  /**
   * Spends the link of that hash for a session, both or neither; false when it was spent, has
   * expired or is not there.
   */
  spendLink(hash: string, session: ConsoleSessionRecord): Promise<boolean>
  /** Whether anybody ever signed in, as far as that is kept: spent links are kept for ever. */
  hasBegun(): Promise<boolean>
  addSignIn(signIn: ConsoleSignInRecord): Promise<void>
  findSignIn(hash: string): Promise<ConsoleSignInRecord | undefined>
  /** Takes a sign-in away; false when it was taken before. */
  takeSignIn(hash: string): Promise<boolean>
  /**
   * Deletes up to `limit` of each: sessions that ended before `before`, sign-ins and unspent links
   * that expired before it; how many in all.
   */
  sweep(before: number, limit: number): Promise<number>
}
