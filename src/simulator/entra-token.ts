import { err, ok, type Result } from '../kernel/index.ts'
import { headerOf, type Answer, type SimulatedRequest } from './answer.ts'
import { entraError, entraHeaders, refusalText7000215 } from './entra-errors.ts'
import type { EntraRefusal } from './entra-errors.ts'
import { unknownTenant } from './entra-metadata.ts'
import { audienceOf, graphApplicationId } from './resources.ts'
import { findTenant, type Application, type Tenant } from './tenants.ts'
import type { World } from './world.ts'

interface AskedClaims {
  readonly isCapable: boolean
  readonly notBefore?: number
}

/**
 * Answers the token endpoint for `client_credentials` with a secret, sent by post or basic.
 *
 * @see RFC 6749 section 4.4; Microsoft identity platform, OAuth 2.0 client credentials flow
 */
export function answerToken(world: World, request: SimulatedRequest): Answer {
  world.counters.tokenRequests++
  const [, tenantName = ''] = request.path.split('/')
  const tenant = findTenant(world.tenants, tenantName)
  if (request.method !== 'POST') return entraError(request, onlyPost(request.method))
  if (tenant === undefined) return unknownTenant(request, tenantName, 'invalid_request')
  const form = readForm(request)
  const grantType = form.get('grant_type')
  if (!grantType) return entraError(request, missing('grant_type'))
  if (grantType !== 'client_credentials') return entraError(request, unsupportedGrant(grantType))
  const application = authenticate(tenant, form, request.receivedAt)
  if (!application.ok) return entraError(request, application.error)
  const audience = audienceFor(tenant, form.get('scope'), request.origin)
  if (!audience.ok) return entraError(request, audience.error)
  const claims = readClaims(form.get('claims'))
  if (!claims.ok) return entraError(request, claims.error)
  return issue(world, request, tenant, application.value, audience.value, claims.value)
}

/** The form, with the credentials of a Basic header put where the body would have them. */
function readForm(request: SimulatedRequest): URLSearchParams {
  const form = new URLSearchParams(request.body)
  const basic = /^basic +(\S+)$/i.exec(headerOf(request, 'authorization') ?? '')?.[1]
  if (basic === undefined) return form
  const pair = Buffer.from(basic, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  if (colon < 0) return form
  form.set('client_id', formDecoded(pair.slice(0, colon)))
  form.set('client_secret', formDecoded(pair.slice(colon + 1)))
  return form
}

/** RFC 6749 section 2.3.1: both halves are form-encoded; what is not passes as it is. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

function authenticate(
  tenant: Tenant,
  form: URLSearchParams,
  now: number,
): Result<Application, EntraRefusal> {
  const clientId = form.get('client_id')
  if (!clientId) return err(missing('client_id'))
  const application = tenant.applications.get(clientId.toLowerCase())
  if (application === undefined) return err(unknownClient(clientId, tenant))
  const secret = form.get('client_secret')
  if (!secret) return err(noCredential)
  const known = application.secrets.filter(({ value }) => value === secret)
  if (known.length === 0) return err(wrongSecret(application))
  const isExpired = known.every(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now)
  return isExpired ? err(expiredSecret(application)) : ok(application)
}

function audienceFor(
  tenant: Tenant,
  scope: string | null,
  origin: string,
): Result<string, EntraRefusal> {
  if (!scope) return err(missing('scope'))
  const resource = /^(\S+)\/\.default$/.exec(scope.trim())?.[1]
  if (resource === undefined) return err(badScope(scope))
  const audience = audienceOf(resource, tenant.applications.keys(), origin)
  return audience === undefined ? err(unknownResource(resource, tenant)) : ok(audience)
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

function issue(
  world: World,
  request: SimulatedRequest,
  tenant: Tenant,
  application: Application,
  audience: string,
  asked: AskedClaims,
): Answer {
  const lifetime = Math.max(0, Math.round(world.draw(world.settings.tokenLifetimeSeconds)))
  // Rounded up, so that no token dies before its client expects it; valid from five minutes ago,
  // as Entra has it.
  const now = Math.ceil(request.receivedAt / 1_000)
  const expiresAt = now + lifetime
  const isForGraph = audience === graphApplicationId || audience.includes('graph')
  const token = world.signer.sign({
    aud: audience,
    iss: `https://sts.windows.net/${tenant.id}/`,
    iat: now - 300,
    nbf: now - 300,
    exp: expiresAt,
    appid: application.id,
    appidacr: '1',
    idp: `https://sts.windows.net/${tenant.id}/`,
    idtyp: 'app',
    oid: application.principalId,
    sub: application.principalId,
    ...(isForGraph ? { roles: application.permissions } : {}),
    tenant_region_scope: 'EU',
    tid: tenant.id,
    uti: world.ledger.book(expiresAt * 1_000),
    ver: '1.0',
    ...(asked.isCapable ? { xms_cc: ['cp1'] } : {}),
    ...(asked.notBefore === undefined ? {} : { sim_claims_nbf: asked.notBefore }),
  })
  world.counters.tokensIssued++
  return {
    status: 200,
    headers: entraHeaders(request),
    body: JSON.stringify({
      token_type: 'Bearer',
      expires_in: lifetime,
      ext_expires_in: lifetime,
      // Entra sends refresh_in with long-lived tokens only.
      ...(lifetime >= 7_200 ? { refresh_in: Math.floor(lifetime / 2) } : {}),
      access_token: token,
    }),
  }
}

function onlyPost(method: string): EntraRefusal {
  const message = `The endpoint only accepts POST requests. Received a ${method} request.`
  return { status: 400, error: 'invalid_request', code: 900561, message }
}

function missing(parameter: string): EntraRefusal {
  const message = `The request body must contain the following parameter: '${parameter}'.`
  return { status: 400, error: 'invalid_request', code: 900144, message }
}

function unsupportedGrant(grantType: string): EntraRefusal {
  const message = `The app requested an unsupported grant type '${grantType}'.`
  return { status: 400, error: 'unsupported_grant_type', code: 70003, message }
}

function unknownClient(clientId: string, tenant: Tenant): EntraRefusal {
  const message = `Application with identifier '${clientId}' was not found in the directory '${tenant.domain}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`
  return { status: 400, error: 'unauthorized_client', code: 700016, message }
}

const noCredential: EntraRefusal = {
  status: 401,
  error: 'invalid_client',
  code: 7000218,
  message:
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
}

function wrongSecret(application: Application): EntraRefusal {
  const message = refusalText7000215(application.id)
  return { status: 401, error: 'invalid_client', code: 7000215, message }
}

function expiredSecret(application: Application): EntraRefusal {
  const message = `The provided client secret keys for app '${application.id}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`
  return { status: 401, error: 'invalid_client', code: 7000222, message }
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
