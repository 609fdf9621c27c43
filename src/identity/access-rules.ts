import type { AccountLink, AccountRole } from '../directory/index.ts'
import { shortClaimName } from '../kernel/index.ts'
import type { ClaimBag } from './claim-bag.ts'
import type { AccessRule } from './issuer-policy.ts'

/** What is known of a caller when rules are held against it. */
export interface AccessFacts {
  readonly claims: ClaimBag
  readonly principal: 'user' | 'application'
  readonly clientId: string | undefined
  /** Ids in lower case; undefined when nobody told them. */
  readonly groups: ReadonlySet<string> | undefined
}

/** Whether a rule applies, and why. */
export interface RuleReport {
  readonly rule: AccessRule
  readonly applies: boolean
  readonly because: string
}

/** What a caller may do. */
export interface Access {
  /** The greatest role; undefined: none. */
  readonly role: AccountRole | undefined
  readonly connections: readonly string[] | '*'
}

/** Holds every rule against a caller. */
export function judgeRules(
  rules: readonly AccessRule[],
  facts: AccessFacts,
): readonly RuleReport[] {
  return rules.map((rule) => ({ rule, ...judge(rule, facts) }))
}

/** Adds up what the rules that apply and the link to a person give. */
export function sumAccess(
  reports: readonly RuleReport[],
  link: Pick<AccountLink, 'role' | 'connections'> | undefined,
): Access {
  const given = reports.filter(({ applies }) => applies).map(({ rule }) => rule)
  const all: readonly Pick<AccessRule, 'role' | 'connections'>[] =
    link === undefined ? given : [...given, link]
  const connections = new Set<string>()
  let everything = false
  let role: AccountRole | undefined
  for (const one of all) {
    if (one.connections === '*') everything = true
    else for (const name of one.connections) connections.add(name)
    if (one.role !== undefined && rank(one.role) > rank(role)) ({ role } = one)
  }
  return { role, connections: everything ? '*' : [...connections] }
}

/**
 * Whether a rule lets an application in that no account stands for: one that names it, or an app
 * role that an administrator gave it. Any other claim could be true of every application there is.
 */
export function admitsApplications({ when }: AccessRule): boolean {
  if (when === undefined) return false
  return 'app' in when || ('claim' in when && shortClaimName(when.claim) === 'roles')
}

const roles: readonly AccountRole[] = ['viewer', 'operator', 'admin']

function rank(role: AccountRole | undefined): number {
  return role === undefined ? -1 : roles.indexOf(role)
}

type Judgement = Omit<RuleReport, 'rule'>

function judge({ when }: AccessRule, facts: AccessFacts): Judgement {
  if (when === undefined) return { applies: true, because: 'it is for every caller' }
  if ('app' in when) return judgeApplication(when.app, facts)
  if ('group' in when) return judgeGroup(when.group, facts)
  return judgeClaim(when, facts)
}

function judgeApplication(app: string, { principal, clientId }: AccessFacts): Judgement {
  if (principal !== 'application') {
    return { applies: false, because: 'the token is a user’s, not an application’s own' }
  }
  const applies = clientId === app
  const named = clientId ?? 'no application'
  return { applies, because: `the token is of ${applies ? 'that application' : named}` }
}

function judgeGroup(group: string, { groups }: AccessFacts): Judgement {
  if (groups === undefined) {
    return {
      applies: false,
      because: 'nobody told the groups: the token has none, and no connection is asked for them',
    }
  }
  const applies = groups.has(group)
  return { applies, because: `the caller is ${applies ? 'a' : 'no'} member` }
}

/** A claim is the value, or a list that has it; nothing is made a text to be equal. */
function judgeClaim(
  { claim, value }: { readonly claim: string; readonly value: string },
  { claims }: AccessFacts,
): Judgement {
  const found = claims.find(claim)
  if (found === undefined) {
    return { applies: false, because: `there is no "${claim}" in ${claims.sources.join(', ')}` }
  }
  const isWords = found.name === 'scp' || found.name === 'scope'
  const words: readonly unknown[] = Array.isArray(found.value)
    ? found.value
    : isWords && typeof found.value === 'string'
      ? found.value.split(' ')
      : [found.value]
  const applies = words.includes(value)
  return { applies, because: `"${claim}" of the ${found.source} ${applies ? 'is' : 'is not'} it` }
}
