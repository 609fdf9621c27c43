import type { OpenTokenRequest } from './token-request.ts'

/** A complete answer, before the wire and its accidents. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | string
  /** The compressed body, where it is kept. */
  readonly gzipped?: () => Promise<Buffer>
  /** How long it takes at least, under the load there is, in milliseconds. */
  readonly latencyMs?: number
  /** Rows in `value`, when the answer is a page of a collection. */
  readonly rows?: number
}

/** What the simulator takes a request for. */
export type RequestKind =
  | 'metadata'
  | 'keys'
  | 'instance'
  | 'token'
  | 'authorize'
  | 'adminConsent'
  | 'revoke'
  | 'introspect'
  | 'userinfo'
  | 'users'
  | 'user'
  | 'delta'
  | 'count'
  | 'me'
  | 'myMemberOf'
  | 'organization'
  | 'groups'
  | 'group'
  | 'members'
  | 'owners'
  | 'servicePrincipals'
  | 'devices'
  | 'administrativeUnits'
  | 'directoryRoles'
  | 'roleMembers'
  | 'manager'
  | 'memberOf'
  | 'getByIds'
  | 'batch'
  | 'graphUserInfo'
  | 'arm'
  | 'partner'
  | 'secret'
  | 'other'

/** A request as the simulator reads it. */
export interface SimulatedRequest {
  readonly method: string
  readonly kind: RequestKind
  /** Scheme, host and port the client used: links in answers lead back there. */
  readonly origin: string
  /** Path and query as sent. */
  readonly url: string
  /** Path alone, percent-decoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Form or JSON body of a POST. */
  readonly body: string
  /** The id this answer carries. */
  readonly requestId: string
  /** The simulator's time when the request came. */
  readonly receivedAt: number
  /** The record of a token request, which fills as it is processed. */
  readonly tokenRequest?: OpenTokenRequest
}

/** A header's text; the first, when it was sent several times. */
export function headerOf(request: SimulatedRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** Which side a kind of request belongs to; errors look different there. */
export function isGraphKind(kind: RequestKind, path: string): boolean {
  return graphKinds.has(kind) || /^\/(v1\.0|beta)\b/.test(path)
}

const graphKinds: ReadonlySet<RequestKind> = new Set([
  'users',
  'user',
  'delta',
  'count',
  'me',
  'myMemberOf',
  'organization',
  'groups',
  'group',
  'members',
  'owners',
  'servicePrincipals',
  'devices',
  'administrativeUnits',
  'directoryRoles',
  'roleMembers',
  'manager',
  'memberOf',
  'getByIds',
  'batch',
  'graphUserInfo',
])

/** Tells what a path is. */
export function kindOf(path: string): RequestKind {
  return kinds.find(([pattern]) => pattern.test(path))?.[1] ?? 'other'
}

/** In order: the first pattern that matches tells. */
const kinds: readonly (readonly [pattern: RegExp, kind: RequestKind])[] = [
  [/^\/(?:v1\.0|beta)\/users$/, 'users'],
  [/^\/(?:v1\.0|beta)\/users\/\$count$/, 'count'],
  [/^\/(?:v1\.0|beta)\/.+\/(?:microsoft\.graph\.)?delta(?:\(\))?$/, 'delta'],
  [/^\/(?:v1\.0|beta)\/users\/[^/]+$/, 'user'],
  [/^\/(?:v1\.0|beta)\/me$/, 'me'],
  [/^\/(?:v1\.0|beta)\/me\/memberOf$/, 'myMemberOf'],
  [/^\/(?:v1\.0|beta)\/organization$/, 'organization'],
  [/^\/(?:v1\.0|beta)\/groups(?:\/\$count)?$/, 'groups'],
  [/^\/(?:v1\.0|beta)\/groups\/[^/]+$/, 'group'],
  [
    /^\/(?:v1\.0|beta)\/groups\/[^/]+\/members(?:\/microsoft\.graph\.\w+)?(?:\/\$count)?$/,
    'members',
  ],
  [/^\/(?:v1\.0|beta)\/groups\/[^/]+\/owners(?:\/microsoft\.graph\.\w+)?(?:\/\$count)?$/, 'owners'],
  [/^\/(?:v1\.0|beta)\/servicePrincipals(?:\/\$count)?$/, 'servicePrincipals'],
  [/^\/(?:v1\.0|beta)\/devices(?:\/\$count)?$/, 'devices'],
  [/^\/(?:v1\.0|beta)\/directory\/administrativeUnits(?:\/\$count)?$/, 'administrativeUnits'],
  [/^\/(?:v1\.0|beta)\/directoryRoles(?:\/\$count)?$/, 'directoryRoles'],
  [/^\/(?:v1\.0|beta)\/directoryRoles\/[^/]+\/members$/, 'roleMembers'],
  [/^\/(?:v1\.0|beta)\/users\/[^/]+\/manager$/, 'manager'],
  [/^\/(?:v1\.0|beta)\/(?:users|servicePrincipals)\/[^/]+\/checkMemberGroups$/, 'memberOf'],
  [/^\/(?:v1\.0|beta)\/directoryObjects\/(?:microsoft\.graph\.)?getByIds$/, 'getByIds'],
  [/^\/(?:v1\.0|beta)\/\$batch$/, 'batch'],
  [/^\/oidc\/userinfo$/, 'graphUserInfo'],
  [/^\/[^/]+\/oauth2\/(?:v2\.0\/)?token$/, 'token'],
  [/^\/[^/]+\/oauth2\/(?:v2\.0\/)?authorize$/, 'authorize'],
  [/^\/[^/]+\/(?:v2\.0\/)?adminconsent$/, 'adminConsent'],
  [/^\/oidc\/[^/]+\/token$/, 'token'],
  [/^\/oidc\/[^/]+\/authorize$/, 'authorize'],
  [/^\/oidc\/[^/]+\/revoke$/, 'revoke'],
  [/^\/oidc\/[^/]+\/introspect$/, 'introspect'],
  [/^\/oidc\/[^/]+\/userinfo$/, 'userinfo'],
  [/^\/oidc\/[^/]+\/jwks$/, 'keys'],
  [
    /^\/oidc\/[^/]+\/\.well-known\/(?:openid-configuration|oauth-authorization-server)$/,
    'metadata',
  ],
  [/^\/\.well-known\/oauth-authorization-server\/oidc\/[^/]+$/, 'metadata'],
  [/^\/[^/]+\/(?:v2\.0\/)?\.well-known\/openid-configuration$/, 'metadata'],
  [/^\/[^/]+\/discovery\/(?:v2\.0\/)?keys$/, 'keys'],
  [/^\/common\/discovery\/instance$/, 'instance'],
  [/^\/arm\//, 'arm'],
  [/^\/partner\//, 'partner'],
  [/^\/keyvault\//, 'secret'],
]
