import { describeSeen, valueAt } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { member } from './json-schema.ts'
import type { FieldPath, YamlSource } from './yaml-source.ts'

/**
 * Finds what only several fields of one issuer show. Connections that the file does not define may
 * stand in the store, so that their absence is no finding.
 */
export function checkIssuer(name: string, source: YamlSource): readonly Finding[] {
  const path = ['issuers', name]
  const issuer = valueAt(path, source.data)
  return [
    ...checkSources(path, issuer, source),
    ...checkRules(path, issuer),
    ...checkAccess(path, issuer),
    ...checkGroups(path, issuer, source),
  ]
}

/** Sources that an issuer cannot be asked, and what they need. */
function checkSources(path: FieldPath, issuer: unknown, source: YamlSource): Finding[] {
  const written = member(issuer, 'claims')
  const claims: readonly unknown[] = Array.isArray(written) ? written : ['token']
  const at = [...path, 'claims']
  const findings: Finding[] = []
  const report = (expected: string, remedy: string, where: FieldPath = at): void => {
    findings.push({
      path: where,
      at: 'value',
      expected,
      seen: describeSeen(at, source, true),
      remedy,
    })
  }
  const isEntra = member(issuer, 'type') === 'entra'
  const rests = claims.some((one) => one === 'token' || one === 'id_token')
  if (isEntra && claims.includes('introspection')) {
    report(
      'no "introspection", which Microsoft Entra ID does not offer',
      'Remove it: access tokens of Entra ID for your own API are JWTs, claims: [token] reads them.',
    )
  }
  if (isEntra && rests && claims.includes('userinfo')) {
    report(
      '"token" or "userinfo", not both',
      'Write claims: [token]. Entra’s UserInfo accepts tokens for Microsoft Graph alone, and a token is for one API: one that verifies here is refused there.',
    )
  }
  if (claims.includes('introspection') && member(issuer, 'client') === undefined) {
    report(
      '"client" beside the source "introspection"',
      'Add client: { id: …, credentials: [{ secret: { env: NAME } }] }: who asks has to prove itself (RFC 7662).',
    )
  }
  const acceptsAny = member(member(issuer, 'userinfo'), 'acceptAnyAudience') === true
  if (claims.includes('userinfo') && !rests && !claims.includes('introspection') && !acceptsAny) {
    report(
      'a proof of whom the token is for beside "userinfo"',
      'Write claims: [token, userinfo]. If UserInfo is all there is, and any application of the issuer may use its tokens here, add userinfo: { acceptAnyAudience: true }.',
    )
  }
  return findings
}

function checkRules(path: FieldPath, issuer: unknown): Finding[] {
  const rules = member(issuer, 'match')
  if (!Array.isArray(rules)) return []
  const isOidc = member(issuer, 'type') === 'oidc'
  const hasTenant = member(issuer, 'tenant') !== undefined
  return rules.flatMap((rule: unknown, index): Finding[] => {
    const at = [...path, 'match', index]
    const findings: Finding[] = []
    const hasAll = member(rule, 'all') !== undefined
    const needsColumn = !hasAll && member(rule, 'claim') !== undefined
    if (needsColumn && member(rule, 'column') === undefined) {
      findings.push({
        path: at,
        at: 'value',
        expected: '"column" beside "claim"',
        seen: 'none',
        remedy: 'Name the property of accounts that has to be equal, such as column: id.',
      })
    }
    for (const field of ['column', 'source', 'ignoreCase']) {
      if (!hasAll || member(rule, field) === undefined) continue
      findings.push({
        path: [...at, field],
        at: 'name',
        expected: `no ${JSON.stringify(field)} beside "all"`,
        seen: 'both',
        remedy: 'Write it into the pair of "all" that it is about.',
      })
    }
    if (isOidc && !hasTenant && member(rule, 'acrossTenants') !== true) {
      findings.push({
        path: at,
        at: 'value',
        expected: 'a tenant that the accounts are of, as tokens of this issuer name none',
        seen: 'neither "tenant" nor "acrossTenants"',
        remedy:
          'Add tenant: the id of the tenant that was imported, to the issuer; or acrossTenants: true to the rule.',
      })
    }
    return findings
  })
}

const conditions = ['claim', 'group', 'app'] as const

function checkAccess(path: FieldPath, issuer: unknown): Finding[] {
  const rules = member(issuer, 'access')
  if (!Array.isArray(rules)) return []
  return rules.flatMap((rule: unknown, index): Finding[] => {
    const at = [...path, 'access', index]
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
  })
}

/** The connection that groups are asked with is one for Graph, a template without tenant. */
function checkGroups(path: FieldPath, issuer: unknown, source: YamlSource): Finding[] {
  const at = [...path, 'groups', 'connection']
  const written = member(member(issuer, 'groups'), 'connection')
  if (typeof written !== 'string') return []
  const [name = ''] = written.split('@')
  const connection = member(member(source.data, 'connections'), name)
  if (connection === undefined) return []
  const provider = valueAt(['providers', String(member(connection, 'provider'))], source.data)
  if (!['oidc', 'oauth2'].includes(String(member(provider, 'type')))) return []
  return [
    {
      path: at,
      at: 'value',
      expected: 'a connection on a provider of type "entra"',
      seen: describeSeen(at, source, true),
      remedy: 'Groups are asked for at Microsoft Graph: name a connection that has tokens for it.',
    },
  ]
}
