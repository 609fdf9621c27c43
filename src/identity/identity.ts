import type { Account, AccountRole } from '../directory/index.ts'
import type { Result } from '../kernel/index.ts'
import type { SourcedClaim } from './claim-bag.ts'
import type { Refusal } from './refusal.ts'

/** Whom a token stands for, once every stage has passed. */
export interface Identity {
  /** Name of the issuer in the configuration. */
  readonly issuer: string
  /** `iss` of the token; of an opaque one what its issuer says, if anything. */
  readonly iss: string | undefined
  readonly subject: string | undefined
  readonly principal: 'user' | 'application'
  /** The tenant of the token, else of the account. */
  readonly tenantId: string | undefined
  /** The application that obtained the token: `azp`, `appid`, `client_id`. */
  readonly clientId: string | undefined
  /** The one account; absent where the issuer needs none, or an application was let in by a rule. */
  readonly account: Account | undefined
  /** What people call it; decides nothing. */
  readonly userName: string
  /** The greatest role that a rule, or the link to a person, gives. */
  readonly role: AccountRole | undefined
  /** Connections that may be called; `'*'` for all. */
  readonly connections: readonly string[] | '*'
  /** What the token may be used for: `scp` or `scope`, parted. */
  readonly scopes: readonly string[]
  /** When the token ends (epoch ms). */
  readonly expiresAt: number
  /** Every claim with its origin, the first source that has it. */
  readonly claims: readonly SourcedClaim[]
}

/** Why nobody was found behind a token, and what is known of it: for the log and the operators. */
export interface IdentityRefusal extends Refusal {
  /** Name of the issuer, once it is known. */
  readonly issuer?: string
  /** Name of the key and id of the token (`jti`, `uti`), for finding it in the issuer’s logs. */
  readonly keyId?: string
  readonly tokenId?: string
  /** Beginning of the token’s SHA-256, to tell one from another. */
  readonly fingerprint: string
}

/** Who brought a token, or why that is not known. */
export type Identified = Result<Identity, IdentityRefusal>

/** Tells whom bearer tokens stand for. */
export interface Identifier {
  /**
   * Goes through every stage. At once when everything is in memory. Never rejects but with faults
   * and `store_*`.
   */
  identify(token: string): Identified | Promise<Identified>
  /** Lets go of what is kept of accounts, after one was changed here. */
  forgetAccounts(): void
}
