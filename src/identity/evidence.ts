import type { Result } from '../kernel/index.ts'
import type { AcceptedIssuer } from './accepted-issuers.ts'
import type { TokenTimes } from './check-claims.ts'
import type { ClaimBag } from './claim-bag.ts'
import type { IssuerPolicy } from './issuer-policy.ts'
import type { Refusal } from './refusal.ts'
import type { JsonObject } from './strict-json.ts'
import type { TokenKind } from './token-kind.ts'

/** What proves a token: itself, or what its issuer says of it. */
export interface Proven {
  readonly issuer: AcceptedIssuer
  readonly policy: IssuerPolicy
  /** The source that `proof` is of. */
  readonly source: 'token' | 'id_token' | 'introspection' | 'userinfo'
  /** The verified claims of the token, else what the issuer answered. */
  readonly proof: JsonObject
  readonly kind: TokenKind
  readonly times: TokenTimes
  readonly keyId: string | undefined
  /** Of the issuer’s keys when it was proven. */
  readonly keyGeneration: number
}

/** A token that holds, with all that its sources say of its bearer. */
export interface Evidence extends Proven {
  /** `iss` of the token; of an opaque one what its issuer says, if anything. */
  readonly iss: string | undefined
  /** The tenant that the issuer proved, else the one whose accounts its callers are. */
  readonly tenantId: string | undefined
  /** Everything that is known, each claim with its origin. */
  readonly claims: ClaimBag
  /** By the monotonic clock: nothing of it is older. */
  readonly gatheredTick: number
  /** What was asked for once it was needed. */
  readonly memo: { groups?: ReadonlySet<string> }
}

/** What is known of a token, or why it does not hold. */
export type Gathered = Result<Evidence, Refusal>
