import { checkAccess } from './check-issuer-access.ts'
import { checkAudiences } from './check-issuer-audiences.ts'
import { checkRuleOrder } from './check-issuer-order.ts'
import { checkRules } from './check-issuer-rules.ts'
import { checkScopes } from './check-issuer-scopes.ts'
import { describeSeen, valueAt } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { member } from './json-schema.ts'
import { readIssuer } from './read-issuer.ts'
import type { FieldPath, YamlSource } from './yaml-source.ts'

/**
 * Finds what only several fields of one issuer show: rules that can never match what their source
 * tells, rules that a caller could bend, audiences and permissions that no token has. Connections
 * that the file does not define may stand in the store, so that their absence is no finding.
 */
export function checkIssuer(name: string, source: YamlSource): readonly Finding[] {
  const path = ['issuers', name]
  const issuer = valueAt(path, source.data)
  const read = readIssuer(name, source)
  return [
    ...checkSources(path, issuer, source),
    ...checkSettings(path, issuer, source),
    ...checkAudiences(read),
    ...checkRules(read),
    ...checkRuleOrder(read),
    ...checkScopes(read),
    ...checkAccess(read),
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
  const asked = ['introspection', 'userinfo'].filter((one) => claims.includes(one))
  if (!isEntra && claims.includes('id_token') && !claims.includes('token') && asked.length > 0) {
    report(
      `no ${asked.map((one) => JSON.stringify(one)).join(' or ')} beside "id_token" alone`,
      'Write claims: [token, userinfo], or claims: [id_token]. An issuer tells about access tokens: it is asked with the very token that the caller brought.',
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

/** What is said of a source that is not asked. */
function checkSettings(path: FieldPath, issuer: unknown, source: YamlSource): Finding[] {
  const written = member(issuer, 'claims') ?? ['token']
  if (!Array.isArray(written)) return []
  const settings = [
    ['introspection', 'endpoint'],
    ['introspection', 'clients'],
    ['userinfo', 'endpoint'],
    ['userinfo', 'acceptAnyAudience'],
  ] as const
  return settings.flatMap(([from, field]): Finding[] => {
    const value = member(member(issuer, from), field)
    const isSaid = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false
    if (!isSaid || written.includes(from)) return []
    const at = [...path, from, field]
    return [
      {
        path: at,
        at: 'name',
        expected: `no "${field}", as "claims" does not have the source "${from}"`,
        seen: describeSeen(at, source, true),
        remedy: `Remove it, or add ${from} to "claims".`,
      },
    ]
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
