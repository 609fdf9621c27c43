import { entraUserInfoClaims, shortClaimName } from '../kernel/index.ts'
import { isMutableClaim } from './claim-facts.ts'
import { describeSeen } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { whyNeverGranted } from './check-issuer-scopes.ts'
import { member } from './json-schema.ts'
import { guid } from './provider-schema.ts'
import type { ReadIssuer } from './read-issuer.ts'
import { listNames } from './suggest.ts'
import type { FieldPath } from './yaml-source.ts'

const conditions = ['claim', 'group', 'app'] as const

/** Finds rules of access that say too much or too little, never apply, or that callers can bend. */
export function checkAccess(issuer: ReadIssuer): readonly Finding[] {
  const rules = member(issuer.written, 'access')
  if (!Array.isArray(rules)) return []
  return rules.flatMap((rule: unknown, index) => {
    const at = [...issuer.path, 'access', index]
    return [
      ...checkForm(at, rule),
      ...(issuer.type === 'entra' ? checkCondition(at, rule, issuer) : []),
    ]
  })
}

function checkForm(at: FieldPath, rule: unknown): Finding[] {
  const findings: Finding[] = []
  const present = conditions.filter((name) => member(rule, name) !== undefined)
  if (present.length > 1) {
    findings.push({
      path: at,
      at: 'value',
      expected: 'at most one of "claim", "group" and "app"',
      seen: present.map((name) => JSON.stringify(name)).join(' and '),
      remedy: 'Write one rule for each: all rules that apply add up.',
    })
  }
  const hasClaim = member(rule, 'claim') !== undefined
  if (hasClaim !== (member(rule, 'value') !== undefined)) {
    findings.push({
      path: at,
      at: 'value',
      expected: '"claim" and "value" together',
      seen: hasClaim ? '"claim" alone' : '"value" alone',
      remedy: 'Write { claim: roles, value: Orders.Read, role: viewer }.',
    })
  }
  if (member(rule, 'role') === undefined && member(rule, 'connections') === undefined) {
    findings.push({
      path: at,
      at: 'value',
      expected: 'what the rule gives: "role", "connections" or both',
      seen: 'neither',
      remedy: 'Add role: viewer, or connections: [NAME].',
    })
  }
  return findings
}

/** What is known of the claims of Entra ID. */
function checkCondition(
  at: FieldPath,
  rule: unknown,
  { source, isEntraUserInfo }: ReadIssuer,
): Finding[] {
  const finding = (field: string, expected: string, remedy: string): Finding[] => {
    const path = [...at, field]
    return [{ path, at: 'value', expected, seen: describeSeen(path, source, true), remedy }]
  }
  const app = member(rule, 'app')
  if (app !== undefined && isEntraUserInfo) {
    return finding(
      'app',
      'no "app" beside "userinfo" alone',
      'Write claims: [token]: UserInfo of Entra ID answers users only.',
    )
  }
  if (typeof app === 'string' && app !== '' && !guid.test(app)) {
    return finding(
      'app',
      'the application (client) id, a GUID',
      'Copy "Application (client) ID" from the overview page of the app registration: tokens do not have its name.',
    )
  }
  if (typeof app === 'string' && app !== app.toLowerCase()) {
    return finding(
      'app',
      'the application id in lower case, as tokens have it',
      `Write ${app.toLowerCase()}.`,
    )
  }
  const written = member(rule, 'claim')
  if (typeof written !== 'string') return []
  const claim = shortClaimName(written)
  if (isMutableClaim(claim)) {
    return finding(
      'claim',
      'a claim that users cannot choose, such as "roles"',
      `Give people app roles, and write { claim: roles, value: … }, or { group: … }: whoever comes to have that "${claim}" would get what the rule gives.`,
    )
  }
  const value = member(rule, 'value')
  if (typeof value === 'string' && ['scp', 'roles'].includes(claim)) {
    const wrong = whyNeverGranted(value)
    if (wrong !== undefined) return finding('value', wrong.expected, wrong.remedy)
  }
  if (!isEntraUserInfo || entraUserInfoClaims.includes(claim)) return []
  return finding(
    'claim',
    `a claim that UserInfo of Entra ID tells: ${listNames(entraUserInfoClaims)}`,
    'Write claims: [token]: roles and groups stand in the token alone.',
  )
}
