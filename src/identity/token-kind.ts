import type { JsonObject } from './strict-json.ts'

/** What a token is, by what stands in it. */
export interface TokenKind {
  /**
   * `access`: for some API. `graph`: for Microsoft Graph, whose tokens nobody else can verify.
   * `id_token`: for the application that signed somebody in, never for an API.
   */
  readonly kind: 'access' | 'graph' | 'id_token'
  /** Whom it stands for; `unknown` where nothing tells. */
  readonly principal: 'user' | 'application' | 'unknown'
  /** Form of Microsoft Entra ID, when it is one of its tokens. */
  readonly entra: 'v1' | 'v2' | undefined
  /** What told the kind, for people. */
  readonly because: string
}

const entraIssuer =
  /^https:\/\/(?:sts\.windows\.net|sts\.chinacloudapi\.cn|login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn)\//
const graphAudiences = new Set([
  '00000003-0000-0000-c000-000000000000',
  'https://graph.microsoft.com',
  'https://graph.microsoft.com/',
  'https://graph.microsoft.us',
  'https://graph.microsoft.us/',
  'https://dod-graph.microsoft.us',
  'https://dod-graph.microsoft.us/',
  'https://microsoftgraph.chinacloudapi.cn',
  'https://microsoftgraph.chinacloudapi.cn/',
])

/**
 * Tells what a token is. Nothing is verified by it: a forger can make a token look like any other.
 *
 * @param isOfEntra Whether its issuer is known to be Entra ID, at whatever address; else the
 *   address tells.
 */
export function kindOf(header: JsonObject, claims: JsonObject, isOfEntra = false): TokenKind {
  const { iss, aud, ver, scp, scope, roles, idtyp, nonce } = claims
  const isEntra = typeof iss === 'string' && (isOfEntra || entraIssuer.test(iss))
  const entra = isEntra ? (ver === '1.0' || !iss.includes('/v2.0') ? 'v1' : 'v2') : undefined
  const principal = principalOf(claims, isEntra)
  const shared = { principal, entra } as const
  if (typeof aud === 'string' && graphAudiences.has(aud)) {
    return { ...shared, kind: 'graph', because: 'its audience is Microsoft Graph' }
  }
  if (isEntra && header['nonce'] !== undefined) {
    return { ...shared, kind: 'graph', because: 'its header has a "nonce", as tokens for Graph' }
  }
  const typ = typeof header['typ'] === 'string' ? header['typ'].toLowerCase() : ''
  if (typ === 'at+jwt' || typ === 'application/at+jwt') {
    return { ...shared, kind: 'access', because: 'its header says "at+jwt"' }
  }
  for (const name of ['at_hash', 'c_hash'] as const) {
    if (claims[name] !== undefined) {
      return { ...shared, kind: 'id_token', because: `it has "${name}", as ID tokens do` }
    }
  }
  const hasPermission = [scp, scope, roles, idtyp].some((claim) => claim !== undefined)
  // App roles stand in ID tokens as well, and with one registration for client and API so does `aud`.
  if ((!hasPermission || isEntra) && nonce !== undefined) {
    return { ...shared, kind: 'id_token', because: 'it has "nonce", as ID tokens do' }
  }
  // Where no assignment is required, an application obtains tokens without any role.
  if (isEntra && !hasPermission && principal !== 'application') {
    return {
      ...shared,
      kind: 'id_token',
      because: 'it has neither "scp" nor "roles", as every access token of a user at Entra ID does',
    }
  }
  if (isEntra && principal === 'unknown') {
    return {
      ...shared,
      kind: 'id_token',
      because: 'it has no "scp", as every access token of a user at Entra ID does',
    }
  }
  return { ...shared, kind: 'access', because: 'nothing tells that it is anything else' }
}

function principalOf(
  { idtyp, scp, roles, oid, sub, azp, appid }: JsonObject,
  isEntra: boolean,
): TokenKind['principal'] {
  if (idtyp === 'app') return 'application'
  if (idtyp === 'user' || typeof scp === 'string') return 'user'
  // Without `idtyp`, an application's own token of Entra has no scopes, itself as subject, and roles
  // or the application it is of. To users the subject is pairwise: never their object id.
  const isOfItself = typeof oid === 'string' && oid === sub
  const isObtained = isEntra && [azp, appid].some((one) => typeof one === 'string')
  if (isOfItself && (Array.isArray(roles) || isObtained)) return 'application'
  return 'unknown'
}
