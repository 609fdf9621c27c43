import type { Account, AccountRole } from '../directory/index.ts'
import type { ClaimSource } from './claim-bag.ts'
import type { KeyQuality } from './claim-notes.ts'
import { stages, type Refusal, type Stage } from './refusal.ts'
import type { TokenKind } from './token-kind.ts'

/** How one stage went. */
export interface ExplainedStage {
  readonly stage: Stage
  /** `open`: it was not reached, or there is nothing to hold the token against. */
  readonly outcome: 'passed' | 'failed' | 'open'
  readonly what: string
}

/** One claim, and what it is good for. */
export interface ExplainedClaim {
  readonly name: string
  readonly value: unknown
  /** The first source that has it. */
  readonly source: ClaimSource
  readonly quality: KeyQuality | undefined
  readonly note: string | undefined
}

/** An issuer that was asked about the token, and what it said. */
export interface ExplainedSource {
  readonly issuer: string
  readonly source: 'introspection' | 'userinfo'
  readonly outcome: 'told' | 'refused' | 'passed_over' | 'unavailable'
  readonly detail: string
}

/** One rule of `match`, and how it went. */
export interface ExplainedRule {
  /** As `claim = column`. */
  readonly rule: string
  readonly outcome: 'found' | 'none' | 'several' | 'passed_over' | 'not_reached' | 'not_looked_up'
  readonly because: string
}

/** One rule of `access`. */
export interface ExplainedAccess {
  readonly rule: string
  readonly applies: boolean
  readonly because: string
}

/** An account as operators recognise it. */
export type ExplainedAccount = Pick<Account, 'tenantId' | 'kind' | 'id'> & {
  readonly name: string | undefined
}

/** The configuration that would have worked. */
export interface Suggestion {
  readonly because: string
  /** Lines for `evergrant.yaml`. */
  readonly yaml: string
  /** Whether it was tried, with this very token. */
  readonly isTried: boolean
}

/** Keys that an issuer publishes and that are used. */
export interface ExplainedKeys {
  readonly iss: string
  readonly keyIds: readonly string[]
  /** When they were fetched (epoch ms); undefined: never. */
  readonly fetchedAt: number | undefined
  readonly failure: string | undefined
}

/** What can be told of a token. For operators: it names accounts. */
export interface Explanation {
  /** Whether issuers were there to hold it against. */
  readonly isJudged: boolean
  readonly stages: readonly ExplainedStage[]
  readonly refusal: Refusal | undefined
  readonly kind: TokenKind | undefined
  readonly header: Readonly<Record<string, unknown>> | undefined
  readonly claims: readonly ExplainedClaim[]
  /** Claims of it that Entra’s UserInfo endpoint never tells. */
  readonly lackingInUserInfo: readonly string[]
  /** What to know of it, a sentence each. */
  readonly remarks: readonly string[]
  /** Name of the issuer whose rules it was held against. */
  readonly issuer?: string
  readonly sources?: readonly ExplainedSource[]
  readonly rules?: readonly ExplainedRule[]
  readonly account?: ExplainedAccount
  /** Accounts that a rule could mean, where it could mean several. */
  readonly candidates?: readonly ExplainedAccount[]
  readonly access?: readonly ExplainedAccess[]
  readonly role?: AccountRole
  readonly connections?: readonly string[] | '*'
  readonly suggestion?: Suggestion
  readonly keys?: ExplainedKeys
}

/**
 * Whether the token itself holds, whatever became of its bearer; undefined where nothing was there
 * to hold it against.
 */
export function holds({ isJudged, refusal }: Explanation): boolean | undefined {
  if (!isJudged) return undefined
  return refusal === undefined || stages.indexOf(refusal.stage) > stages.indexOf('claim_source')
}
