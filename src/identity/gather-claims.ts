import { err, ok, type Clock, type Result } from '../kernel/index.ts'
import type { AcceptedIssuer, AcceptedIssuers } from './accepted-issuers.ts'
import { ClaimBag, type ClaimSource } from './claim-bag.ts'
import type { TokenTimes } from './check-claims.ts'
import type { IssuerPolicy } from './issuer-policy.ts'
import type { Refusal } from './refusal.ts'
import type { JsonObject } from './strict-json.ts'
import type { TokenKind } from './token-kind.ts'
import type { TokenVerifier, VerifiedToken } from './verify-token.ts'

/** A token that holds, with all that its sources say of its bearer. */
export interface Evidence {
  readonly issuer: AcceptedIssuer
  readonly policy: IssuerPolicy
  /** `iss` of the token; of an opaque one what its issuer says, if anything. */
  readonly iss: string | undefined
  /** The tenant that the issuer proved, else the one whose accounts its callers are. */
  readonly tenantId: string | undefined
  /** Everything that is known, each claim with its origin. */
  readonly claims: ClaimBag
  /** What proves the token: its own claims once verified, else what the issuer answered. */
  readonly proof: JsonObject
  readonly kind: TokenKind
  readonly times: TokenTimes
  readonly keyId: string | undefined
  /** Of the issuer’s keys when it was gathered. */
  readonly keyGeneration: number
  /** By the monotonic clock: nothing of it is older. */
  readonly gatheredTick: number
  /** What was asked for once it was needed. */
  readonly memo: { groups?: ReadonlySet<string> }
}

/** What gathering rests on. */
export interface GatherOptions {
  readonly issuers: AcceptedIssuers
  /** By name of the issuer. */
  readonly policies: ReadonlyMap<string, IssuerPolicy>
  /** Keeps nothing itself. */
  readonly verifier: TokenVerifier
  readonly clock: Clock
}

/** What is known of a token, or why it does not hold. */
export type Gathered = Result<Evidence, Refusal>

/** Collects what is known of a token; at once where everything for it is in memory. */
export type GatherClaims = (token: string) => Gathered | Promise<Gathered>

/** Makes what collects the claims of tokens: the verified token, and what its issuer adds. */
export function createGathering({ policies, verifier, clock }: GatherOptions): GatherClaims {
  return (token) => {
    const gatheredTick = clock.monotonic()
    const verdict = verifier.verify(token)
    if (verdict instanceof Promise) {
      return verdict.then((late) => (late.ok ? conclude(late.value, gatheredTick) : late))
    }
    return verdict.ok ? conclude(verdict.value, gatheredTick) : verdict
  }

  function conclude(verified: VerifiedToken, gatheredTick: number): Gathered {
    const { issuer, claims: proof, kind, times, keyId, keyGeneration } = verified
    const policy = policies.get(issuer.settings.name)
    if (policy === undefined) return err(unconfigured(issuer))
    const source: ClaimSource = kind.kind === 'id_token' ? 'id_token' : 'token'
    const claims = new ClaimBag()
    claims.add(source, proof)
    return ok({
      issuer,
      policy,
      iss: issuer.iss,
      tenantId: issuer.tenantId ?? policy.tenantId,
      claims,
      proof,
      kind,
      times,
      keyId,
      keyGeneration,
      gatheredTick,
      memo: {},
    })
  }
}

function unconfigured({ iss, settings }: AcceptedIssuer): Refusal {
  return {
    stage: 'issuer',
    code: 'token_issuer_unknown',
    expected: '"iss" of an issuer that is configured',
    seen: `${iss}, of which "${settings.name}" says nothing`,
  }
}
