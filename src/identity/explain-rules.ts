import type { Account, AccountQuestion } from '../directory/index.ts'
import type { RuleReport } from './access-rules.ts'
import type { ExplainedAccess, ExplainedAccount, ExplainedRule } from './explanation.ts'
import type { AccessRule } from './issuer-policy.ts'
import type { MatchOutcome, MatchRule, RuleOutcome } from './match-account.ts'

/** Each rule of `match` with how it went, for operators. */
export function rulesOf(
  rules: readonly MatchRule[],
  match: MatchOutcome<Account> | undefined,
  questions: readonly AccountQuestion[],
  isLookedUp: boolean,
): readonly ExplainedRule[] {
  return rules.map((rule, index) => {
    const outcome = match?.rules[index] ?? { kind: 'not_reached' as const }
    return { rule: nameOf(rule), ...describe(outcome, questions[0], isLookedUp) }
  })
}

function describe(
  outcome: RuleOutcome,
  question: AccountQuestion | undefined,
  isLookedUp: boolean,
): Pick<ExplainedRule, 'outcome' | 'because'> {
  if (outcome.kind === 'not_reached') {
    return { outcome: 'not_reached', because: 'an earlier rule decided' }
  }
  if (outcome.kind === 'passed_over') {
    const where = outcome.lookedIn.join(', ')
    return { outcome: 'passed_over', because: `there is no "${outcome.claim}" in ${where}` }
  }
  const asked = question === undefined ? '' : wordsOf(question)
  if (question === undefined) {
    return { outcome: 'none', because: 'a claim of it is no text, and is never made one' }
  }
  if (!isLookedUp) return { outcome: 'not_looked_up', because: `it would look for ${asked}` }
  if (outcome.found === 1) return { outcome: 'found', because: asked }
  if (outcome.found === 0) return { outcome: 'none', because: `nobody has ${asked}` }
  const many = outcome.found >= question.limit ? `${question.limit} or more` : outcome.found
  return { outcome: 'several', because: `${many} accounts have ${asked}` }
}

function wordsOf({ where, tenantId, kind }: AccountQuestion): string {
  const conditions = where.map(
    ({ column, value, compare }) =>
      `${column} ${JSON.stringify(value)}${compare === 'lower' ? ' (in any case)' : ''}`,
  )
  const place = tenantId === undefined ? 'in any tenant' : `in tenant ${tenantId}`
  const whom = kind === 'user' ? 'users' : 'service principals'
  return `${conditions.join(' and ')} among the ${whom} ${place}`
}

function nameOf({ pairs, isAcrossTenants }: MatchRule): string {
  const words = pairs.map(
    ({ claim, column, source, compare }) =>
      `${claim}${source === undefined ? '' : ` of ${source}`} = ${column}${compare === 'lower' ? ' (any case)' : ''}`,
  )
  return words.join(' and ') + (isAcrossTenants ? ', across tenants' : '')
}

/** Each rule of `access`, and the link to a person where there is one. */
export function accessOf(
  reports: readonly RuleReport[],
  account: Account | undefined,
): readonly ExplainedAccess[] {
  const told = reports.map(({ rule, applies, because }) => ({
    rule: accessName(rule),
    applies,
    because,
  }))
  const link = account?.link
  if (link === undefined) return told
  const gives = givesOf(link)
  const because = `the account is linked to "${link.personName}"`
  return [...told, { rule: `the link to a person gives ${gives}`, applies: true, because }]
}

function accessName(rule: AccessRule): string {
  const { when } = rule
  const condition =
    when === undefined
      ? 'everybody'
      : 'app' in when
        ? `app ${when.app}`
        : 'group' in when
          ? `group ${when.group}`
          : `${when.claim} ${JSON.stringify(when.value)}`
  return `${condition} gets ${givesOf(rule)}`
}

function givesOf({
  role,
  connections,
}: Pick<AccessRule, 'connections'> & { readonly role?: string }): string {
  const calls = connections === '*' ? 'every connection' : connections.join(', ')
  const parts = [role === undefined ? '' : `role ${role}`, calls === '' ? '' : `calls to ${calls}`]
  return parts.filter((part) => part !== '').join(', ') || 'nothing'
}

/** An account as operators recognise it. */
export function accountOf({ tenantId, kind, id, properties }: Account): ExplainedAccount {
  const { userPrincipalName, displayName } = properties
  const name = [userPrincipalName, displayName].find((one) => typeof one === 'string')
  return { tenantId, kind, id, name }
}
