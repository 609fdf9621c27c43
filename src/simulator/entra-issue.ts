import type { Answer, SimulatedRequest } from './answer.ts'
import { declaredRolesOf } from './accounts.ts'
import type { AuthenticatedClient } from './authenticated-client.ts'
import { directoryRoles, memberRole } from './directory-roles.ts'
import { entraHeaders } from './entra-errors.ts'
import { graphApplicationId } from './resources.ts'
import type { AskedScopes } from './scopes.ts'
import type { Session } from './sessions.ts'
import { fingerprintOf } from './sessions.ts'
import type { Tenant } from './tenants.ts'
import type { World } from './world.ts'

/** The part of a `claims` parameter that the simulator heeds. */
export interface AskedClaims {
  /** The client declared `cp1`. */
  readonly isCapable: boolean
  readonly notBefore?: number
}

/** What is issued to whom. */
export interface EntraIssue {
  readonly tenant: Tenant
  readonly client: AuthenticatedClient
  readonly audience: string
  readonly asked: AskedClaims
  /** The v1 endpoint was asked: numbers come as texts, and the resource is told. */
  readonly isV1: boolean
  /** The user, unless the application asks for itself. */
  readonly user?: {
    readonly session: Session
    readonly scopes: AskedScopes
    readonly nonce: string | undefined
    readonly refreshToken: string | undefined
    readonly wantsClientInfo: boolean
  }
}

/** Issues what a right request deserves: access token, and for users ID and refresh token as asked. */
export function issueEntra(world: World, request: SimulatedRequest, issue: EntraIssue): Answer {
  const { user, tenant, audience } = issue
  const lifetime = Math.max(0, Math.round(world.draw(world.settings.tokenLifetimeSeconds)))
  // Rounded up, so that no token dies before its client expects it.
  const now = Math.ceil(request.receivedAt / 1_000)
  const token = world.signer.sign({
    ...commonClaims(world, issue, now, now + lifetime),
    ...(user === undefined ? appClaims(issue) : userClaims(issue, user)),
  })
  world.counters.tokensIssued++
  const refreshIn = refreshInOf(world, lifetime)
  const record = request.tokenRequest
  if (record !== undefined && user?.refreshToken !== undefined) {
    record.issuedRefreshToken = fingerprintOf(user.refreshToken)
  }
  const refreshLife = tenant.policy.refreshIdleMs / 1_000
  const numbers = {
    expires_in: lifetime,
    ext_expires_in: lifetime,
    ...(refreshIn === undefined ? {} : { refresh_in: refreshIn }),
    ...(user?.refreshToken !== undefined && tenant.policy.announcesRefreshLife
      ? { refresh_token_expires_in: refreshLife }
      : {}),
    ...(issue.isV1 ? { expires_on: now + lifetime, not_before: now - 300 } : {}),
  }
  const body = {
    token_type: 'Bearer',
    ...(user === undefined ? {} : { scope: grantedScope(issue, user.scopes) }),
    ...(issue.isV1 ? textsOf(numbers) : numbers),
    ...(issue.isV1 ? { resource: audience } : {}),
    access_token: token,
    ...(user?.refreshToken === undefined ? {} : { refresh_token: user.refreshToken }),
    ...(user?.scopes.openId.has('openid') === true
      ? { id_token: idToken(world, request, issue, user, now, now + lifetime) }
      : {}),
    ...(user?.wantsClientInfo === true ? { client_info: clientInfo(tenant, user.session) } : {}),
  }
  return { status: 200, headers: entraHeaders(request), body: JSON.stringify(body) }
}

/** `refresh_in` as the options want it; Entra sends it with long-lived tokens only. */
export function refreshInOf(world: World, lifetime: number): number | undefined {
  const { refreshInSeconds } = world.settings
  if (refreshInSeconds !== undefined) return refreshInSeconds ?? undefined
  return lifetime >= 7_200 ? Math.floor(lifetime / 2) : undefined
}

function textsOf(numbers: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)]))
}

const credentialClass = {
  none: '0',
  certificate: '2',
  federated: '2',
  private_key_jwt: '2',
} as const

function commonClaims(
  world: World,
  { tenant, client, audience, asked, user }: EntraIssue,
  now: number,
  expiresAt: number,
): Record<string, unknown> {
  const { method } = client
  return {
    aud: audience,
    iss: `https://sts.windows.net/${tenant.id}/`,
    // Valid from five minutes ago, as Entra has it.
    iat: now - 300,
    nbf: now - 300,
    exp: expiresAt,
    appid: client.application.id,
    appidacr: method in credentialClass ? credentialClass[method as 'none'] : '1',
    idp: `https://sts.windows.net/${tenant.id}/`,
    tenant_region_scope: 'EU',
    tid: tenant.id,
    uti: world.ledger.book(expiresAt * 1_000, user?.session.number),
    ver: '1.0',
    ...(asked.isCapable ? { xms_cc: ['cp1'] } : {}),
    ...(asked.notBefore === undefined ? {} : { sim_claims_nbf: asked.notBefore }),
  }
}

function appClaims({ client, audience }: EntraIssue): Record<string, unknown> {
  const { principalId, permissions } = client.application
  const roles = isGraph(audience) ? { roles: permissions } : {}
  return { idtyp: 'app', oid: principalId, sub: principalId, ...roles }
}

function userClaims(
  issue: EntraIssue,
  { session, scopes }: EntraIssue['user'] & {},
): Record<string, unknown> {
  const { account } = session
  return {
    idtyp: 'user',
    oid: account.id,
    sub: pairwise(issue, session),
    upn: account.userPrincipalName,
    unique_name: account.userPrincipalName,
    name: account.displayName,
    amr: session.hasMfa ? ['pwd', 'mfa'] : ['pwd'],
    scp: permissionsOf(issue, scopes).join(' '),
    ...widsOf(issue, session),
    sim_session: session.number,
  }
}

/** Directory roles by their template ids, where something was declared of them. */
function widsOf({ tenant }: EntraIssue, { account }: Session): Record<string, unknown> {
  const declared = declaredRolesOf(account, tenant.accounts.state(account.id))
  if (declared === undefined) return {}
  const own = declared.roles.map((role) => directoryRoles[role])
  return { wids: account.isGuest === true ? own : [...own, memberRole] }
}

/** What the scopes come to: `.default` stands for all that was consented. */
function permissionsOf(issue: EntraIssue, scopes: AskedScopes): readonly string[] {
  if (!scopes.permissions.includes('.default')) return scopes.permissions
  if (!isGraph(issue.audience)) return ['user_impersonation']
  return issue.client.application.delegatedPermissions
}

function grantedScope(issue: EntraIssue, scopes: AskedScopes): string {
  const permissions = [...permissionsOf(issue, scopes), '.default']
  const named = permissions
    .filter((name) => name !== '.default' || scopes.permissions.includes(name))
    .map((name) => `${scopes.resource}/${name}`)
  const openId = [...scopes.openId].filter((name) => name !== 'offline_access')
  return [...openId, ...named].join(' ')
}

function isGraph(audience: string): boolean {
  return audience === graphApplicationId || audience.includes('graph')
}

/** One subject per user and application. */
function pairwise({ client }: EntraIssue, { account }: Session): string {
  return Buffer.from(`${account.id} ${client.application.id}`).toString('base64url').slice(0, 43)
}

function idToken(
  world: World,
  request: SimulatedRequest,
  issue: EntraIssue,
  user: EntraIssue['user'] & {},
  issuedAt: number,
  expiresAt: number,
): string {
  const { tenant, client } = issue
  const { account, authenticatedAt } = user.session
  const { isGuest = false } = account
  return world.signer.sign({
    aud: client.application.id,
    iss: `${request.origin}/${tenant.id}/v2.0`,
    iat: issuedAt - 300,
    nbf: issuedAt - 300,
    exp: Math.max(expiresAt, issuedAt + 1),
    name: account.displayName,
    ...(user.nonce === undefined ? {} : { nonce: user.nonce }),
    oid: account.id,
    preferred_username: account.userPrincipalName,
    sub: pairwise(issue, user.session),
    tid: tenant.id,
    auth_time: Math.floor(authenticatedAt / 1_000),
    amr: user.session.hasMfa ? ['pwd', 'mfa'] : ['pwd'],
    ...(client.application.optionalClaims.includes('acct') ? { acct: isGuest ? 1 : 0 } : {}),
    // Of a guest, the directory it comes from.
    ...(isGuest ? { idp: guestHome } : {}),
    ver: '2.0',
  })
}

const guestHome = 'https://sts.windows.net/99999999-2222-4333-8444-555555555555/'

function clientInfo(tenant: Tenant, { account }: Session): string {
  return Buffer.from(JSON.stringify({ uid: account.id, utid: tenant.id })).toString('base64url')
}
