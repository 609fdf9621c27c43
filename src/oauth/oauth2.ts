import { EvergrantError, ok } from '../kernel/index.ts'
import { isLoopback } from './endpoint-url.ts'
import {
  strictRotation,
  type ProviderProfile,
  type RotationOptions,
  type TokenTarget,
  type WireGrant,
} from './provider.ts'

/** An OAuth 2.0 server without metadata. */
export interface OAuth2Options {
  readonly tokenEndpoint: string
  readonly authorizationEndpoint?: string
  readonly revocationEndpoint?: string
  readonly introspectionEndpoint?: string
  /** Defaults to `strict` without grace. */
  readonly rotation?: RotationOptions
}

/**
 * Makes the profile of a server whose endpoints are written out; nothing is ever discovered. ID
 * tokens are passed over, since no issuer is known to check them against.
 *
 * @throws `provider_misconfigured` when an endpoint is no safe URL.
 */
export function createOAuth2Provider(options: OAuth2Options): ProviderProfile {
  const { rotation = strictRotation } = options
  const tokenEndpoint = readEndpoint(options.tokenEndpoint, 'tokenEndpoint')
  const server = {
    // The library wants a name for the server; nothing is compared with it.
    issuer: tokenEndpoint.origin,
    token_endpoint: tokenEndpoint.href,
    ...optional('authorization_endpoint', options.authorizationEndpoint, 'authorizationEndpoint'),
    ...optional('revocation_endpoint', options.revocationEndpoint, 'revocationEndpoint'),
    ...optional('introspection_endpoint', options.introspectionEndpoint, 'introspectionEndpoint'),
  }
  return {
    type: 'oauth2',
    tenant: '',
    host: tokenEndpoint.host,
    rotation: rotation.model,
    rotationGraceMs: rotation.graceMs,
    server: async () => ok(server),
    tokenParameters: resourceParameters,
    expectsClaimsChallenges: () => false,
    resolveTenantId: async () => ok(''),
  }
}

/** Asks for a target as the RFCs do: by `resource` (RFC 8707) or `scope` (RFC 6749). */
export function resourceParameters(
  target: TokenTarget,
  grant: WireGrant = 'client_credentials',
): Readonly<Record<string, string>> {
  if ('resource' in target) return { resource: target.resource }
  return grant === 'authorization_code' ? {} : { scope: target.scope }
}

function optional(
  name: string,
  text: string | undefined,
  field: string,
): Readonly<Record<string, string>> {
  return text === undefined ? {} : { [name]: readEndpoint(text, field).href }
}

/** An endpoint may have a query of its own, but no fragment. RFC 6749 section 3.2. */
function readEndpoint(text: string, field: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSafe =
    url !== undefined &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) &&
    url.username === '' &&
    url.password === '' &&
    url.hash === ''
  if (isSafe) return url
  throw new EvergrantError(
    'provider_misconfigured',
    `"${field}" must be an https URL (http only for loopback) without credentials or fragment`,
  )
}
