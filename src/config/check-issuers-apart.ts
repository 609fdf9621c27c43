import { describeSeen } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { keysOf, member } from './json-schema.ts'
import { guid } from './provider-schema.ts'
import type { FieldPath, YamlSource } from './yaml-source.ts'

/** Hosts of Entra ID, of both versions, and the cloud they are of. */
const entraHosts: Readonly<Record<string, 'global' | 'usgov' | 'china'>> = {
  'login.microsoftonline.com': 'global',
  'login.microsoft.com': 'global',
  'login.windows.net': 'global',
  'sts.windows.net': 'global',
  'login.microsoftonline.us': 'usgov',
  'login.partner.microsoftonline.cn': 'china',
  'login.chinacloudapi.cn': 'china',
  'sts.chinacloudapi.cn': 'china',
}

/**
 * Finds issuers that cannot be what they are written as: Entra ID as just any OpenID provider, an
 * address of metadata, and two issuers whose tokens nobody could tell apart.
 */
export function checkIssuersApart(source: YamlSource): readonly Finding[] {
  const issuers = member(source.data, 'issuers')
  const seen = new Map<string, string>()
  return keysOf(issuers).flatMap((name) => {
    const issuer = member(issuers, name)
    const path = ['issuers', name]
    return [...checkAddress(path, issuer, source), ...repeated(name, issuer, source, seen)]
  })
}

function checkAddress(path: FieldPath, issuer: unknown, source: YamlSource): Finding[] {
  const written = member(issuer, 'issuer')
  if (member(issuer, 'type') !== 'oidc' || typeof written !== 'string') return []
  const at = [...path, 'issuer']
  const finding = (expected: string, remedy: string): Finding[] => [
    { path: at, at: 'value', expected, seen: describeSeen(at, source, true), remedy },
  ]
  const url = URL.parse(written)
  if (url === null) return []
  const [first = ''] = url.pathname.split('/').filter((part) => part !== '')
  const cloud = entraHosts[url.host]
  if (cloud !== undefined) {
    const clause = cloud === 'global' ? '' : `, cloud: ${cloud}`
    const tenant = guid.test(first) ? first.toLowerCase() : 'the id of each tenant'
    return finding(
      guid.test(first)
        ? 'type: entra for Microsoft Entra ID'
        : 'type: entra with the tenants by their ids, as no token names this address as its issuer',
      `Write type: entra, tenants: [${tenant}]${clause} in place of "type" and "issuer": it accepts both versions of tokens, and tells users, applications and tokens for Graph apart.`,
    )
  }
  const suffix = /\/\.well-known\/(?:openid-configuration|oauth-authorization-server)\/?$/
  if (!suffix.test(url.pathname)) return []
  return finding(
    'an issuer, not the address of its metadata',
    `Write what "issuer" says there, such as ${written.replace(suffix, '')}.`,
  )
}

/** Issuers whose tokens have the same `iss` as one before them. */
function repeated(
  name: string,
  issuer: unknown,
  source: YamlSource,
  seen: Map<string, string>,
): Finding[] {
  return identities(name, issuer).flatMap(({ path, iss }): Finding[] => {
    const taken = iss.map((one) => seen.get(one)).find((one) => one !== undefined && one !== name)
    for (const one of iss) if (!seen.has(one)) seen.set(one, name)
    if (taken === undefined) return []
    return [
      {
        path,
        at: 'value',
        expected: 'an issuer that no other entry accepts tokens of',
        seen: `${describeSeen(path, source, true)} a second time, as in "${taken}"`,
        remedy: `Write audiences, rules and access of both into "${taken}": tokens are told apart by their issuer alone.`,
      },
    ]
  })
}

/** Each tenant, or the address, with what stands for it in `iss`. */
function identities(
  name: string,
  issuer: unknown,
): readonly { readonly path: FieldPath; readonly iss: readonly string[] }[] {
  if (member(issuer, 'type') === 'oidc') {
    const iss = member(issuer, 'issuer')
    return typeof iss === 'string' ? [{ path: ['issuers', name, 'issuer'], iss: [iss] }] : []
  }
  const tenants = member(issuer, 'tenants')
  if (member(issuer, 'type') !== 'entra' || !Array.isArray(tenants)) return []
  const written = member(issuer, 'cloud')
  const cloud = typeof written === 'string' ? written : 'global'
  const authority = member(issuer, 'authority')
  const place = typeof authority === 'string' ? (URL.parse(authority)?.origin ?? '') : cloud
  // Version 1 has an issuer of its own, which an authority does not change.
  const version1 = cloud === 'china' ? 'v1 china' : 'v1'
  return tenants.flatMap((tenant: unknown, index) => {
    if (typeof tenant !== 'string') return []
    const id = tenant.toLowerCase()
    const path = ['issuers', name, 'tenants', index]
    return [{ path, iss: [`${place}/${id}/v2.0`, `${version1}/${id}`] }]
  })
}
