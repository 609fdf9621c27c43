import type { AccountKind, AccountQuestion } from '../directory/index.ts'
import type { ErrorCode } from '../kernel/index.ts'
import type { ClaimBag, ClaimSource, SourcedClaim } from './claim-bag.ts'
import type { Refusal } from './refusal.ts'

/** One claim that has to be equal to one column. */
export interface MatchPair {
  readonly claim: string
  /** The only source that counts; absent: the first that has the claim. */
  readonly source?: ClaimSource
  readonly column: string
  /** `exact`: as it is. `lower`: both sides in lower case, ASCII letters alone. */
  readonly compare: 'exact' | 'lower'
}

/** How an account is found: every pair has to hold. */
export interface MatchRule {
  readonly pairs: readonly MatchPair[]
  /** Whether accounts of other tenants than the token’s count, too. */
  readonly isAcrossTenants: boolean
  /** Whether an operator accepted a claim that changes as the key; decides nothing here. */
  readonly acceptsMutable?: boolean
}

/** An account as far as matching needs it. */
export interface FoundAccount {
  readonly tenantId: string
  readonly id: string
}

/** Finds accounts; bounded by the question’s limit. */
export type FindAccounts<A extends FoundAccount = FoundAccount> = (
  question: AccountQuestion,
) => Promise<readonly A[]>

/** How one rule went. */
export type RuleOutcome =
  | { readonly kind: 'not_reached' }
  /** It needs a claim that nobody told. */
  | {
      readonly kind: 'passed_over'
      readonly claim: string
      readonly lookedIn: readonly ClaimSource[]
    }
  | { readonly kind: 'decided'; readonly claims: readonly SourcedClaim[]; readonly found: number }

/** What came of matching, and how each rule went. */
export interface MatchOutcome<A extends FoundAccount = FoundAccount> {
  readonly account?: A
  readonly refusal?: Refusal
  readonly rules: readonly RuleOutcome[]
  /** Several accounts that could be meant, as far as they were asked for: for operators alone. */
  readonly candidates: readonly A[]
}

/** Two are enough to know that one is not the only one. */
const enoughToKnow = 2
const longestValue = 320

/** Whose account is sought, and where. */
export interface MatchScope<A extends FoundAccount> {
  readonly kind: AccountKind
  /** The token’s; matching stays within it unless a rule says otherwise. */
  readonly tenantId: string | undefined
  readonly find: FindAccounts<A>
  /** Candidates asked for where one is not the only one; 2 by default. */
  readonly limit?: number
}

/**
 * Finds the one account of a caller. The first rule whose claims are all there decides: none found
 * is no match, several are ambiguous, and neither tries another rule. Only a missing claim passes
 * on to the next one. A claim that is no text is never made one.
 */
export async function matchAccount<A extends FoundAccount>(
  rules: readonly MatchRule[],
  claims: ClaimBag,
  { kind, tenantId, find, limit = enoughToKnow }: MatchScope<A>,
): Promise<MatchOutcome<A>> {
  const outcomes: RuleOutcome[] = []
  const rest = (): readonly RuleOutcome[] => [
    ...outcomes,
    ...rules.slice(outcomes.length).map((): RuleOutcome => ({ kind: 'not_reached' })),
  ]
  for (const [index, rule] of rules.entries()) {
    const used: SourcedClaim[] = []
    const missing = rule.pairs.find(({ claim, source }) => {
      const found = claims.find(claim, source)
      if (found !== undefined) used.push(found)
      return found === undefined
    })
    if (missing !== undefined) {
      const lookedIn = missing.source === undefined ? claims.sources : [missing.source]
      outcomes.push({ kind: 'passed_over', claim: missing.claim, lookedIn })
      continue
    }
    const where = rule.pairs.map(({ column, compare }, at) => ({
      column,
      compare,
      claim: used[at] as SourcedClaim,
    }))
    const odd = where.find(({ claim }) => !isPlainText(claim.value))
    if (odd !== undefined) {
      outcomes.push({ kind: 'decided', claims: used, found: 0 })
      const { name, value, source } = odd.claim
      const expected = `a text as "${name}" of the ${source}, for rule ${index + 1}`
      return {
        refusal: mapping('claim_type', expected, describe(value)),
        rules: rest(),
        candidates: [],
      }
    }
    const found = await find({
      kind,
      limit,
      where: where.map(({ column, compare, claim }) => ({
        column,
        compare,
        value: compare === 'lower' ? asciiLower(claim.value as string) : (claim.value as string),
      })),
      ...(rule.isAcrossTenants || tenantId === undefined ? {} : { tenantId }),
    })
    outcomes.push({ kind: 'decided', claims: used, found: found.length })
    const [account] = found
    if (account !== undefined && found.length === 1) {
      return { account, rules: rest(), candidates: [] }
    }
    const told = where
      .map(({ column, claim }) => `${column} equal to "${claim.name}" of the ${claim.source}`)
      .join(' and ')
    return {
      refusal:
        account === undefined
          ? unmatched(kind, told)
          : mapping('account_ambiguous', `one account with ${told}`, 'several'),
      rules: rest(),
      candidates: found,
    }
  }
  return { refusal: refuseMissing(rules, claims), rules: rest(), candidates: [] }
}

/**
 * Nobody; an application is sought among service principals alone, which may never have been
 * imported.
 */
function unmatched(kind: AccountKind, told: string): Refusal {
  if (kind === 'user') return mapping('account_unmatched', `an account with ${told}`, 'none')
  return {
    ...mapping('account_unmatched', `a service principal with ${told}`, 'none'),
    remedy:
      'The token is an application’s own, and never finds a user. Have an operator import service principals (`evergrant import CONNECTION servicePrincipals`), or let the application in by a rule of `access` with its `app` or one of its `roles`. A new token changes nothing.',
  }
}

function refuseMissing(rules: readonly MatchRule[], claims: ClaimBag): Refusal {
  const wanted = rules.map(({ pairs }) =>
    pairs
      .map(({ claim, source }) =>
        source === undefined ? `"${claim}"` : `"${claim}" of the ${source}`,
      )
      .join(' and '),
  )
  const names = claims.all().map(({ name }) => name)
  const shown = names.slice(0, 20).join(', ')
  return mapping(
    'claim_missing',
    wanted.length === 0
      ? 'a rule that finds an account'
      : `the claims of a rule: ${wanted.join(', or ')}`,
    `only ${names.length > 20 ? `${shown} and ${names.length - 20} more` : shown} in ${claims.sources.join(', ')}`,
  )
}

/** A text that can be the value of a column: neither empty nor blank, no control character. */
function isPlainText(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > longestValue) return false
  return value.trim() !== '' && !/\p{Cc}/u.test(value)
}

/** Lower case of ASCII letters alone: what else is equal depends on language and version. */
function asciiLower(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value !== 'string') return `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
  if (value.trim() === '') return 'an empty one'
  return value.length > longestValue
    ? `one of ${value.length} characters`
    : 'one with a control character'
}

function mapping(code: ErrorCode, expected: string, seen: string): Refusal {
  return { stage: 'mapping', code, expected, seen }
}
