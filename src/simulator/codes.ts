import { createHash } from 'node:crypto'
import { err, ok, type RandomBytes, type Result } from '../kernel/index.ts'
import type { Session } from './sessions.ts'

/** What an authorization code stands for. */
export interface CodeGrant {
  readonly session: Session
  readonly redirectUri: string
  readonly nonce: string | undefined
  /** S256 challenge. */
  readonly challenge: string | undefined
}

/** Why a code is refused. */
export type CodeRefusal =
  | { readonly kind: 'unknown' | 'wrong_realm' | 'expired' | 'wrong_redirect' | 'wrong_verifier' }
  | { readonly kind: 'used'; readonly session: Session }

/** What comes with a code. */
export interface CodePresentation {
  readonly realm: string
  readonly clientId: string
  readonly redirectUri: string
  readonly verifier: string | undefined
  readonly now: number
}

/** The authorization codes handed out. */
export interface CodeLedger {
  /** Makes a code that lives ten minutes. */
  mint(grant: CodeGrant, now: number): string
  /** Redeems a code, once. One that is refused for what came with it stays unused. */
  redeem(code: string, presented: CodePresentation): Result<CodeGrant, CodeRefusal>
  reset(): void
}

/** RFC 6749 section 4.1.2 recommends ten minutes at most. */
const codeLifeMs = 600_000

/** Makes an empty ledger. */
export function createCodeLedger(random: RandomBytes): CodeLedger {
  const codes = new Map<string, { grant: CodeGrant; expiresAt: number; isUsed: boolean }>()
  return {
    mint: (grant, now) => {
      const code = `1.A${Buffer.from(random(48)).toString('base64url')}`
      codes.set(code, { grant, expiresAt: now + codeLifeMs, isUsed: false })
      return code
    },
    redeem: (code, presented) => {
      const entry = codes.get(code)
      const session = entry?.grant.session
      const isTheirs = session?.clientId === presented.clientId
      if (entry === undefined || !isTheirs) return err({ kind: 'unknown' })
      if (session?.realm !== presented.realm) return err({ kind: 'wrong_realm' })
      const { grant } = entry
      if (entry.isUsed) return err({ kind: 'used', session: grant.session })
      if (presented.now > entry.expiresAt) return err({ kind: 'expired' })
      if (grant.redirectUri !== presented.redirectUri) return err({ kind: 'wrong_redirect' })
      if (!isVerified(grant.challenge, presented.verifier)) return err({ kind: 'wrong_verifier' })
      entry.isUsed = true
      return ok(grant)
    },
    reset: () => codes.clear(),
  }
}

/** RFC 7636 section 4.6; a verifier without a challenge is refused too (RFC 9700 section 2.1.1). */
function isVerified(challenge: string | undefined, verifier: string | undefined): boolean {
  if (challenge === undefined || verifier === undefined) return challenge === verifier
  return createHash('sha256').update(verifier).digest('base64url') === challenge
}
