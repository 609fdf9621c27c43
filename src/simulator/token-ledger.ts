import type { RandomBytes } from '../kernel/index.ts'
import type { TokenClaims } from './access-tokens.ts'

/** How tokens issued so far are refused. */
export interface Revocation {
  /**
   * `false` (default): a plain 401. `true`: a 401 with a claims challenge for every token.
   * `'capable'`: the challenge only for tokens whose client declared `cp1`, as Entra does; others
   * live on until they expire.
   */
  readonly cae?: boolean | 'capable'
  /**
   * With `cae`: also refuse later tokens that were not obtained with the challenge's claims.
   * Default false, as any later token is new enough.
   */
  readonly requireClaims?: boolean
}

/** What the resource thinks of a token's life. */
export type TokenVerdict =
  | { readonly kind: 'alive' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'not_yet_valid' }
  | { readonly kind: 'revoked' }
  /** Refused with a challenge for a token issued at or after `notBefore` (epoch seconds). */
  | { readonly kind: 'challenged'; readonly notBefore: number }

/** Knows every token issued, by number, and which of them are refused. */
export interface TokenLedger {
  /** Books a token that expires at `expiresAt` (epoch ms); returns its `uti`. */
  book(expiresAt: number, session?: number): string
  /** Kills every token of a session (`sim_session`) issued so far. */
  killSession(session: number): void
  /** Kills one token. */
  killToken(claims: TokenClaims): void
  judge(claims: TokenClaims, now: number): TokenVerdict
  revoke(revocation: Revocation, now: number): void
  /** Makes every token issued so far count as expired. */
  expire(): void
  issued(): number
  /** How many of the tokens issued are dead by now, by age or by refusal. */
  dead(now: number): number
  reset(): void
}

interface StandingRevocation {
  readonly upTo: number
  readonly cae: boolean | 'capable'
  readonly notBefore: number
  readonly requireClaims: boolean
}

/** Makes an empty ledger. */
export function createTokenLedger(random: RandomBytes): TokenLedger {
  let serial = 0
  let expiredUpTo = 0
  let revocations: StandingRevocation[] = []
  let deadAtLastLook = 0
  let living: { serial: number; expiresAt: number; session: number | undefined }[] = []
  const killedSessions = new Map<number, number>()
  const killedTokens = new Set<number>()
  const isKilled = (token: number, session: unknown): boolean =>
    killedTokens.has(token) || token <= (killedSessions.get(session as number) ?? 0)

  const refusedBy = (claims: TokenClaims): StandingRevocation | undefined =>
    revocations.findLast((revocation) => isRefusedBy(revocation, claims))

  return {
    book: (expiresAt, session) => {
      serial++
      living.push({ serial, expiresAt, session })
      const bytes = Buffer.concat([Buffer.alloc(6), random(10)])
      bytes.writeUIntBE(serial, 0, 6)
      return bytes.toString('base64url')
    },
    judge: (claims, now) => {
      if (now >= claims.exp * 1_000 || serialOf(claims) <= expiredUpTo) return { kind: 'expired' }
      if (now < claims.nbf * 1_000) return { kind: 'not_yet_valid' }
      if (isKilled(serialOf(claims), claims['sim_session'])) return { kind: 'revoked' }
      const revocation = refusedBy(claims)
      if (revocation === undefined) return { kind: 'alive' }
      if (revocation.cae === false) return { kind: 'revoked' }
      return { kind: 'challenged', notBefore: revocation.notBefore }
    },
    killSession: (session) => {
      killedSessions.set(session, serial)
    },
    killToken: (claims) => {
      killedTokens.add(serialOf(claims))
    },
    revoke: (revocation, now) => {
      const { cae = false, requireClaims = false } = revocation
      const notBefore = Math.floor(now / 1_000)
      revocations = [...revocations.slice(-20), { upTo: serial, cae, notBefore, requireClaims }]
    },
    expire: () => {
      expiredUpTo = serial
    },
    issued: () => serial,
    dead: (now) => {
      const revokedUpTo = revocations
        .filter(({ cae }) => cae !== 'capable')
        .reduce((highest, { upTo }) => Math.max(highest, upTo), expiredUpTo)
      const before = living.length
      living = living.filter(
        (token) =>
          token.expiresAt > now &&
          token.serial > revokedUpTo &&
          !isKilled(token.serial, token.session),
      )
      deadAtLastLook += before - living.length
      return deadAtLastLook
    },
    reset: () => {
      revocations = []
      killedSessions.clear()
      killedTokens.clear()
      expiredUpTo = 0
      deadAtLastLook = 0
      living = []
      // The serial goes on: a token from before must not be taken for a later one.
    },
  }
}

function isRefusedBy(revocation: StandingRevocation, claims: TokenClaims): boolean {
  const isCapable = claims.xms_cc?.includes('cp1') === true
  if (revocation.cae === 'capable' && !isCapable) return false
  if (serialOf(claims) <= revocation.upTo) return true
  const answered = claims['sim_claims_nbf']
  const isAnswered = typeof answered === 'number' && answered >= revocation.notBefore
  return revocation.requireClaims && !isAnswered
}

function serialOf(claims: TokenClaims): number {
  const bytes = Buffer.from(claims.uti, 'base64url')
  return bytes.length < 6 ? 0 : bytes.readUIntBE(0, 6)
}
