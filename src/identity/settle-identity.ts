import type { Account, AccountStore } from '../directory/index.ts'
import { err, ok, type Result } from '../kernel/index.ts'
import {
  admitsApplications,
  judgeRules,
  sumAccess,
  type AccessFacts,
  type RuleReport,
} from './access-rules.ts'
import { checkAccount } from './account-state.ts'
import type { Evidence } from './evidence.ts'
import type { Identity } from './identity.ts'
import { matchAccount, type MatchOutcome } from './match-account.ts'
import { missingClaimRemedy } from './missing-claim.ts'
import { clientOf, principalOf, rolesOf, scopesOf } from './principal.ts'
import { refuse, type Refusal } from './refusal.ts'

/** What settling rests on. */
export interface SettleOptions {
  readonly accounts: Pick<AccountStore, 'findAccounts'>
  /** Accounts asked for where one is not the only one. Default: 2, enough to know. */
  readonly candidates?: number
}

/** Whom a token stands for, and how that came about: what `explain` shows. */
export interface Settled {
  readonly outcome: Result<Identity, Refusal>
  /** Undefined where callers need no account. */
  readonly match: MatchOutcome<Account> | undefined
  readonly account: Account | undefined
  /** Every rule of `access`; undefined when it did not come to that. */
  readonly rules: readonly RuleReport[] | undefined
}

/**
 * Finds the account behind a token that holds, and what it may do: mapping, account state, scope,
 * groups where a rule needs them, rules. Never refuses with what a token is to blame for.
 *
 * @throws EvergrantError `store_*`
 */
export async function settleIdentity(evidence: Evidence, options: SettleOptions): Promise<Settled> {
  const { policy, claims, proof } = evidence
  const principal = principalOf(proof, evidence.kind)
  const clientId = clientOf(proof)
  const facts: AccessFacts = { claims, principal, clientId, groups: evidence.memo.groups }
  const matched = await findAccount(evidence, facts, options)
  const { match, account } = matched
  const stop = (refusal: Refusal): Settled => ({
    match,
    account,
    rules: undefined,
    outcome: err(refusal),
  })
  if (matched.refusal !== undefined) return stop(matched.refusal)
  const refusal =
    (account === undefined ? undefined : checkAccount(account)) ?? checkScope(evidence)
  if (refusal !== undefined) return stop(refusal)
  const groups = await learnGroups(evidence, facts)
  if (!groups.ok) return stop(groups.error)
  const rules = judgeRules(policy.access, { ...facts, groups: groups.value })
  const identity: Identity = {
    issuer: policy.name,
    iss: evidence.iss,
    subject: textOf(proof['sub']),
    principal,
    tenantId: evidence.tenantId ?? account?.tenantId,
    clientId,
    account,
    userName: nameOf(evidence, account, clientId),
    ...sumAccess(rules, account?.link),
    scopes: scopesOf(proof),
    expiresAt: evidence.times.expiresAt,
    claims: claims.all(),
  }
  return { outcome: ok(identity), match, account, rules }
}

interface Matched {
  readonly match: MatchOutcome<Account> | undefined
  readonly account?: Account
  readonly refusal?: Refusal
}

/** Application tokens are held against service principals alone: equal values make no user of them. */
async function findAccount(
  evidence: Evidence,
  facts: AccessFacts,
  { accounts, candidates }: SettleOptions,
): Promise<Matched> {
  const { policy, claims, tenantId } = evidence
  if (policy.match.length === 0) return { match: undefined }
  const isApplication = facts.principal === 'application'
  const match = await matchAccount(policy.match, claims, {
    kind: isApplication ? 'servicePrincipal' : 'user',
    tenantId,
    find: (question) => accounts.findAccounts(question),
    ...(candidates === undefined ? {} : { limit: candidates }),
  })
  const { account } = match
  const refusal = withRemedy(evidence, match)
  if (account !== undefined) return { match, account }
  const isUnknown = refusal?.code === 'account_unmatched' || refusal?.code === 'claim_missing'
  if (isApplication && isUnknown) {
    const admitting = judgeRules(policy.access.filter(admitsApplications), facts)
    if (admitting.some(({ applies }) => applies)) return { match }
  }
  return { match, ...(refusal === undefined ? {} : { refusal }) }
}

/** With the exact words for a claim that is missing. */
function withRemedy(evidence: Evidence, match: MatchOutcome<Account>): Refusal | undefined {
  const { refusal, rules } = match
  if (refusal?.code !== 'claim_missing') return refusal
  const remedy = missingClaimRemedy(evidence, rules)
  return remedy === undefined ? refusal : { ...refusal, remedy }
}

function checkScope({ policy, proof }: Evidence): Refusal | undefined {
  if (policy.scopes.length === 0) return undefined
  const scopes = scopesOf(proof)
  const roles = rolesOf(proof)
  const wanted = new Set(policy.scopes)
  if ([...scopes, ...roles].some((one) => wanted.has(one))) return undefined
  const inScopes = scopes.length === 0 ? 'none in "scp" or "scope"' : `scopes ${list(scopes)}`
  const inRoles = roles.length === 0 ? 'none in "roles"' : `roles ${list(roles)}`
  const expected = `one of the permissions ${list(policy.scopes)}`
  return refuse('scope', 'insufficient_scope', expected, `${inScopes}, ${inRoles}`).error
}

/**
 * Groups of the caller: those of the token, else those that a directory is asked for, and only
 * where a rule needs them. Undefined when nobody can tell.
 */
async function learnGroups(
  { policy, claims, proof, tenantId, memo }: Evidence,
  { principal }: AccessFacts,
): Promise<Result<ReadonlySet<string> | undefined, Refusal>> {
  const groupIds = policy.access.flatMap(({ when }) =>
    when !== undefined && 'group' in when ? [when.group] : [],
  )
  if (groupIds.length === 0) return ok(undefined)
  const told = claims.find('groups')?.value
  if (Array.isArray(told)) {
    const texts = told.filter((one) => typeof one === 'string')
    return ok(new Set(texts.map((one) => one.toLowerCase())))
  }
  if (memo.groups !== undefined) return ok(memo.groups)
  const { oid } = proof
  if (policy.groupsOf === undefined || tenantId === undefined || typeof oid !== 'string') {
    return ok(undefined)
  }
  const asked = await policy.groupsOf({ tenantId, objectId: oid, principal, groupIds })
  if (asked.kind === 'unavailable') {
    const expected = `the groups of the caller, for the rules of "${policy.name}"`
    const { detail, retryAfterMs } = asked
    return refuse('scope', 'groups_unavailable', expected, detail, { retryAfterMs })
  }
  memo.groups = asked.groups
  return ok(asked.groups)
}

/** What people call the caller; decides nothing. */
function nameOf(
  { policy, claims, proof }: Evidence,
  account: Account | undefined,
  clientId: string | undefined,
): string {
  const said = textOf(claims.find(policy.userName)?.value)
  const { userPrincipalName, displayName } = account?.properties ?? {}
  const names = [said, textOf(userPrincipalName), textOf(displayName), clientId, account?.id]
  return names.find((name) => name !== undefined) ?? textOf(proof['sub']) ?? ''
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function list(words: readonly string[]): string {
  const shown = words.slice(0, 20).map((word) => JSON.stringify(word.slice(0, 100)))
  const rest = words.length - shown.length
  return shown.join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
