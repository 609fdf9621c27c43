import { createHash } from 'node:crypto'
import { err, ok, type RandomBytes, type Result } from '../kernel/index.ts'
import type { Account } from './accounts.ts'
import type { Rotation } from './options.ts'

/** One sign-in of a user at an application, and the family of refresh tokens that follows from it. */
export interface Session {
  /** Counts up: later sign-ins have higher numbers. */
  readonly number: number
  readonly realm: string
  readonly clientId: string
  readonly account: Account
  /** As asked for at the sign-in. */
  readonly scopes: readonly string[]
  /** RFC 8707, where it was asked for. */
  readonly resource: string | undefined
  readonly authenticatedAt: number
  readonly hasMfa: boolean
  /** Why none of its refresh tokens works any more. */
  ended: 'reused' | 'revoked' | undefined
}

/** Why a refresh token is refused. */
export type RefreshRefusal =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'ended'; readonly session: Session }
  | { readonly kind: 'idle'; readonly session: Session; readonly issuedAt: number }
  /** It was used before, and that ended the family just now. */
  | { readonly kind: 'reused'; readonly session: Session }

/** Whom a refresh token is for, and by what rules. */
export interface RefreshTerms {
  readonly realm: string
  readonly clientId: string
  readonly rotation: Rotation
  readonly idleMs: number
  /** The simulator's time (epoch ms). */
  readonly now: number
}

/** Every session and refresh token of a simulator. */
export interface SessionLedger {
  begin(session: Omit<Session, 'number' | 'ended'>): Session
  /** Makes a refresh token of a session. */
  mint(session: Session, now: number): string
  /** Tells whom a refresh token is from, if anyone; judges nothing and changes nothing. */
  look(token: string): { readonly session: Session; readonly expiresIdleFrom: number } | undefined
  /** Tells whether it was redeemed before. */
  isUsed(token: string): boolean
  /**
   * Judges a presented refresh token. Spends nothing: `rotate` does, once the rest of the request
   * proved right. A reused one ends its family at once, whatever the rest says.
   */
  judge(token: string, terms: RefreshTerms): Result<Session, RefreshRefusal>
  /** Spends a refresh token judged right; returns its successor, if the model gives one. */
  rotate(token: string, terms: RefreshTerms): string | undefined
  end(session: Session): void
  /** The highest session number so far. */
  latest(): number
  reset(): void
}

interface Entry {
  readonly session: Session
  readonly issuedAt: number
  lastUsedAt: number
  firstUsedAt: number | undefined
  uses: number
}

/** Makes an empty ledger. */
export function createSessionLedger(random: RandomBytes): SessionLedger {
  const tokens = new Map<string, Entry>()
  let count = 0
  const mint = (session: Session, now: number): string => {
    const token = `0.A${Buffer.from(random(36)).toString('base64url')}`
    tokens.set(token, { session, issuedAt: now, lastUsedAt: now, firstUsedAt: undefined, uses: 0 })
    return token
  }
  return {
    begin: (session) => ({ ...session, number: ++count, ended: undefined }),
    mint,
    look: (token) => {
      const entry = tokens.get(token)
      return entry && { session: entry.session, expiresIdleFrom: entry.lastUsedAt }
    },
    isUsed: (token) => tokens.get(token)?.firstUsedAt !== undefined,
    judge: (token, terms) => {
      const entry = tokens.get(token)
      const isTheirs =
        entry?.session.realm === terms.realm && entry.session.clientId === terms.clientId
      if (entry === undefined || !isTheirs) return err({ kind: 'unknown' })
      const { session } = entry
      if (session.ended !== undefined) return err({ kind: 'ended', session })
      if (isReuse(entry, terms)) {
        session.ended = 'reused'
        return err({ kind: 'reused', session })
      }
      if (terms.now - entry.lastUsedAt > terms.idleMs) {
        return err({ kind: 'idle', session, issuedAt: entry.issuedAt })
      }
      return ok(session)
    },
    rotate: (token, terms) => {
      const entry = tokens.get(token)
      if (entry === undefined) return undefined
      entry.firstUsedAt ??= terms.now
      entry.lastUsedAt = terms.now
      entry.uses++
      return terms.rotation.model === 'static' ? undefined : mint(entry.session, terms.now)
    },
    end: (session) => {
      session.ended = 'revoked'
    },
    latest: () => count,
    reset: () => tokens.clear(),
  }
}

function isReuse(entry: Entry, { rotation, now }: RefreshTerms): boolean {
  if (rotation.model !== 'strict' || entry.firstUsedAt === undefined) return false
  const { graceSeconds = 0, graceUses = Infinity } = rotation
  const isWithinGrace = graceSeconds > 0 && now - entry.firstUsedAt <= graceSeconds * 1_000
  // The first use is not one of the grace.
  return !isWithinGrace || entry.uses > graceUses
}

/** Names a refresh token without telling it: 16 hexadecimal digits of its SHA-256. */
export function fingerprintOf(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 16)
}
