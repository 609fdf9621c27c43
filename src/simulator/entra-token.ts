import { err, ok, type Result } from '../kernel/index.ts'
import type { Answer, SimulatedRequest } from './answer.ts'
import type { AuthenticatedClient } from './authenticated-client.ts'
import { authenticateClient } from './client-authentication.ts'
import { readForm } from './token-form.ts'
import { clientRefusals } from './client-refusals.ts'
import { delegatedClient, delegatedHome } from './delegated-admin.ts'
import { entraError } from './entra-errors.ts'
import type { EntraRefusal } from './entra-refusal.ts'
import { issueEntra, type AskedClaims } from './entra-issue.ts'
import { unknownTenant } from './entra-metadata.ts'
import { grantRefusals } from './grant-refusals.ts'
import { audienceIn, readScopes } from './scopes.ts'
import { findTenant, type Tenant } from './tenants.ts'
import { conditionRefusal, proveCode, proveRefreshToken, type ProvenGrant } from './user-grants.ts'
import type { World } from './world.ts'

/** A request to the token endpoint, read so far. */
interface TokenAsk {
  readonly world: World
  readonly request: SimulatedRequest
  readonly tenant: Tenant
  /** The tenant of the client and the user: another one for a partner at its customer's. */
  readonly home: Tenant
  readonly form: URLSearchParams
  readonly client: AuthenticatedClient
  readonly asked: AskedClaims
  /** The older endpoint, which speaks of `resource` in place of scopes. */
  readonly isV1: boolean
}

/**
 * Answers the token endpoint, v2.0 and v1, for `client_credentials`, `authorization_code` and
 * `refresh_token`.
 *
 * @see RFC 6749 sections 4.1.3, 4.4 and 6; Microsoft identity platform, authorization code flow
 */
export function answerToken(world: World, request: SimulatedRequest): Answer {
  const answer = judgeToken(world, request)
  if (answer.ok) return answer.value
  return entraError(request, answer.error)
}

function judgeToken(world: World, request: SimulatedRequest): Result<Answer, EntraRefusal> {
  const [, tenantName = ''] = request.path.split('/')
  const tenant = findTenant(world.tenants, tenantName)
  if (request.method !== 'POST') return err(onlyPost(request.method))
  if (tenant === undefined) return ok(unknownTenant(request, tenantName, 'invalid_request'))
  const form = readForm(request)
  const grantType = form.get('grant_type')
  if (!grantType) return err(clientRefusals.missing('grant_type'))
  const answer = answers[grantType]
  if (answer === undefined) return err(unsupportedGrant(grantType))
  const audiences = assertionAudiences(request, tenantName, tenant)
  const home = delegatedHome(world, tenant, form) ?? tenant
  const client = authenticateClient(world, home, request, form, audiences)
  if (!client.ok) return client
  const record = request.tokenRequest
  if (record !== undefined) record.authentication = client.value.method
  const claims = readClaims(form.get('claims'))
  if (!claims.ok) return claims
  const isV1 = !request.path.includes('/v2.0/')
  const asked = claims.value
  return answer({ world, request, tenant, home, form, client: client.value, asked, isV1 })
}

const answers: Readonly<Record<string, (ask: TokenAsk) => Result<Answer, EntraRefusal>>> = {
  client_credentials: answerForItself,
  authorization_code: (ask) => {
    const { world, tenant, client, form, request } = ask
    if (!form.get('code')) return err(clientRefusals.missing('code'))
    const grant = proveCode(world, tenant, client.application, form, request.receivedAt)
    return grant.ok ? answerForUser(ask, grant.value) : grant
  },
  refresh_token: (ask) => {
    const { world, home, client, form, request } = ask
    const token = form.get('refresh_token')
    if (!token) return err(clientRefusals.missing('refresh_token'))
    const { tokenRequest, receivedAt } = request
    const { application } = client
    const grant = proveRefreshToken(world, home, application, token, tokenRequest, receivedAt)
    return grant.ok ? answerForUser(ask, grant.value) : grant
  },
}

function answerForItself(ask: TokenAsk): Result<Answer, EntraRefusal> {
  const { world, request, tenant, form, client, asked, isV1 } = ask
  const { application, method } = client
  if (method === 'none') return err(clientRefusals.noCredential)
  const resource = isV1 ? form.get('resource') : defaultOf(form.get('scope'))
  if (!resource) return err(missingTarget(form.get('scope'), isV1))
  const audience = audienceIn(tenant, resource, request.origin)
  if (audience === undefined) return err(unknownResource(resource, tenant))
  if (application.isBlocked) return err(grantRefusals.blocked)
  return ok(issueEntra(world, request, { tenant, client, audience, asked, isV1 }))
}

function answerForUser(ask: TokenAsk, grant: ProvenGrant): Result<Answer, EntraRefusal> {
  const { world, request, tenant, home, form, asked, isV1 } = ask
  const { session } = grant
  const scope = form.get('scope') ?? (isV1 ? v1Scope(form.get('resource')) : undefined)
  const granted = readScopes(session.scopes.join(' '))
  const wanted = scope === undefined ? granted : readScopes(scope)
  const audience = audienceIn(tenant, wanted.resource, request.origin)
  if (audience === undefined) return err(unknownResource(wanted.resource, tenant))
  const { application } = ask.client
  const refusal = conditionRefusal(home, application, session, audience, request.receivedAt)
  if (refusal !== undefined) return err(refusal)
  const permitted =
    home === tenant ? ok(ask.client) : delegatedClient(home, tenant, ask.client, session, audience)
  if (!permitted.ok) return permitted
  const client = permitted.value
  // A refresh token stays one with whatever scopes it is used; a code brings one only if asked.
  const isOffline =
    form.get('grant_type') === 'refresh_token' || granted.openId.has('offline_access')
  const user = {
    session,
    scopes: wanted,
    nonce: grant.nonce,
    refreshToken: isOffline ? grant.spend() : undefined,
    wantsClientInfo: form.get('client_info') === '1',
  }
  return ok(issueEntra(world, request, { tenant, client, audience, asked, isV1, user }))
}

/** An assertion is for the endpoint it is sent to, named by the tenant's id or as the path does. */
function assertionAudiences(request: SimulatedRequest, name: string, tenant: Tenant): string[] {
  const { origin } = request
  return [
    ...new Set(
      [tenant.id, name, tenant.domain].map((each) => `${origin}/${each}/oauth2/v2.0/token`),
    ),
    `${origin}/${tenant.id}/oauth2/token`,
    `${origin}/${tenant.id}/v2.0`,
  ]
}

function v1Scope(resource: string | null): string | undefined {
  return resource ? `${resource.replace(/\/$/, '')}/.default openid` : undefined
}

function defaultOf(scope: string | null): string | undefined {
  return /^(\S+)\/\.default$/.exec(scope?.trim() ?? '')?.[1]
}

function missingTarget(scope: string | null, isV1: boolean): EntraRefusal {
  if (isV1) return clientRefusals.missing('resource')
  return scope ? badScope(scope) : clientRefusals.missing('scope')
}

function readClaims(text: string | null): Result<AskedClaims, EntraRefusal> {
  if (!text) return ok({ isCapable: false })
  try {
    const asked = JSON.parse(text) as {
      readonly access_token?: {
        readonly nbf?: { readonly value?: string | number }
        readonly xms_cc?: { readonly values?: readonly string[] }
      }
    } | null
    const capabilities = asked?.access_token?.xms_cc?.values
    const isCapable = Array.isArray(capabilities) && capabilities.includes('cp1')
    const notBefore = asked?.access_token?.nbf?.value
    return ok({ isCapable, ...(notBefore === undefined ? {} : { notBefore: Number(notBefore) }) })
  } catch {
    return err(malformedClaims)
  }
}

function onlyPost(method: string): EntraRefusal {
  const message = `The endpoint only accepts POST requests. Received a ${method} request.`
  return { status: 400, error: 'invalid_request', code: 900561, message }
}

function unsupportedGrant(grantType: string): EntraRefusal {
  const message = `The app requested an unsupported grant type '${grantType}'.`
  return { status: 400, error: 'unsupported_grant_type', code: 70003, message }
}

function badScope(scope: string): EntraRefusal {
  const message = `The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope ${scope} is not valid.`
  return { status: 400, error: 'invalid_scope', code: 70011, message }
}

function unknownResource(resource: string, tenant: Tenant): EntraRefusal {
  const message = `The resource principal named ${resource} was not found in the tenant named ${tenant.domain}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.`
  return { status: 400, error: 'invalid_resource', code: 500011, message }
}

const malformedClaims: EntraRefusal = {
  status: 400,
  error: 'invalid_request',
  code: 9002313,
  message: "Invalid request. Request is malformed or invalid: 'claims' is not JSON.",
}
