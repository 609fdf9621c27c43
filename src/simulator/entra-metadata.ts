import type { Answer, SimulatedRequest } from './answer.ts'
import { entraError, entraHeaders } from './entra-errors.ts'
import { findTenant, type Tenant } from './tenants.ts'
import type { World } from './world.ts'

/** Names that stand for any tenant. */
const multiTenantNames = ['common', 'organizations', 'consumers']

/**
 * Answers the OpenID Connect metadata of a tenant; every address in it leads back to the host the
 * client used.
 */
export function answerMetadata(world: World, request: SimulatedRequest): Answer {
  const [, name = ''] = request.path.split('/')
  const tenant = findTenant(world.tenants, name)
  const isMultiTenant = multiTenantNames.includes(name.toLowerCase())
  if (tenant === undefined && !isMultiTenant) {
    return unknownTenant(request, name, 'invalid_tenant')
  }
  const { origin } = request
  const path = isMultiTenant ? name : (tenant as Tenant).id
  const host = new URL(origin).host
  return {
    status: 200,
    headers: entraHeaders(request),
    body: JSON.stringify({
      token_endpoint: `${origin}/${path}/oauth2/v2.0/token`,
      token_endpoint_auth_methods_supported: [
        'client_secret_post',
        'private_key_jwt',
        'client_secret_basic',
      ],
      jwks_uri: `${origin}/${path}/discovery/v2.0/keys`,
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      issuer: `${origin}/${isMultiTenant ? '{tenantid}' : path}/v2.0`,
      request_uri_parameter_supported: false,
      userinfo_endpoint: 'https://graph.microsoft.com/oidc/userinfo',
      authorization_endpoint: `${origin}/${path}/oauth2/v2.0/authorize`,
      device_authorization_endpoint: `${origin}/${path}/oauth2/v2.0/devicecode`,
      http_logout_supported: true,
      end_session_endpoint: `${origin}/${path}/oauth2/v2.0/logout`,
      claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'nonce', 'tid', 'ver'],
      tenant_region_scope: 'EU',
      cloud_instance_name: host,
      cloud_graph_host_name: 'graph.windows.net',
      msgraph_host: host,
    }),
  }
}

/** Answers the signing keys. */
export function answerKeys(world: World, request: SimulatedRequest): Answer {
  // Keys of version 1 do not say whose tokens they sign.
  const isV2 = request.path.includes('/v2.0/')
  const issuer = isV2 ? { issuer: `${request.origin}/{tenantid}/v2.0` } : {}
  const keys = [{ ...world.signer.jwk, ...issuer }]
  return { status: 200, headers: entraHeaders(request), body: JSON.stringify({ keys }) }
}

/** Answers MSAL's question whether the authority is one, and under which names. */
export function answerInstance(world: World, request: SimulatedRequest): Answer {
  const host = new URL(request.origin).host
  const asked = request.query.get('authorization_endpoint') ?? ''
  const name = /^https?:\/\/[^/]+\/([^/]+)/.exec(asked)?.[1] ?? 'common'
  const path = findTenant(world.tenants, name)?.id ?? name
  return {
    status: 200,
    headers: entraHeaders(request),
    body: JSON.stringify({
      tenant_discovery_endpoint: `${request.origin}/${path}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    }),
  }
}

/** The refusal for a tenant that does not exist. */
export function unknownTenant(request: SimulatedRequest, name: string, error: string): Answer {
  if (multiTenantNames.includes(name.toLowerCase())) {
    return entraError(request, {
      status: 400,
      error,
      code: 50059,
      message:
        'No tenant-identifying information found in either the request or implied by any provided credentials.',
    })
  }
  return entraError(request, {
    status: 400,
    error,
    code: 90002,
    message: `Tenant '${name}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
  })
}
