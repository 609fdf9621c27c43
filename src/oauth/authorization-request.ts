import { createHash } from 'node:crypto'
import type { AuthorizationServer } from 'oauth4webapi'
import { EvergrantError, err, ok, type Result, type Secret } from '../kernel/index.ts'
import { isLoopback } from './endpoint-url.ts'
import type { ProviderProfile, TokenTarget } from './provider.ts'
import type { Transport } from './transport.ts'

/** A sign-in that is to end in a code. */
export interface AuthorizationRequest {
  readonly provider: ProviderProfile
  readonly clientId: string
  /** Exactly as registered. */
  readonly redirectUri: string
  /** What the grant shall be good for; the code will be redeemed for the first. At least one. */
  readonly targets: readonly TokenTarget[]
  readonly state: Secret
  readonly nonce: string
  readonly codeVerifier: Secret
  /** Whether somebody has to agree anew, or only has to prove who they are. */
  readonly prompt: 'consent' | 'login'
}

/**
 * Makes the address at which somebody signs in and consents: code flow with PKCE S256, state and
 * nonce, at the provider’s own endpoint for the connection’s tenant. At Entra a second factor is
 * asked for. RFC 6749 section 4.1.1, RFC 7636 section 4.3, OpenID Connect Core 1.0 section
 * 3.1.2.1.
 *
 * @returns The failure of the provider’s metadata, or `provider_misconfigured` when there is no
 *   safe authorization endpoint.
 */
export async function authorizationUrl(
  request: AuthorizationRequest,
  transport: Transport,
): Promise<Result<string, EvergrantError>> {
  const { provider } = request
  const endpoint = await authorizationEndpoint(provider, transport)
  if (!endpoint.ok) return err(endpoint.error)
  const { url } = endpoint.value
  const { searchParams } = url
  const parameters = {
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    state: request.state.reveal(),
    code_challenge: createHash('sha256').update(request.codeVerifier.reveal()).digest('base64url'),
    code_challenge_method: 'S256',
    ...wishes(request),
  }
  for (const [name, value] of Object.entries(parameters)) searchParams.set(name, value)
  if (provider.type !== 'entra') {
    for (const target of request.targets) {
      if ('resource' in target) searchParams.append('resource', target.resource)
    }
  }
  return ok(url.href)
}

/**
 * Where people sign in at a provider, over https or on this machine.
 *
 * @returns The failure of the provider’s metadata, or `provider_misconfigured`
 */
export async function authorizationEndpoint(
  provider: ProviderProfile,
  transport: Transport,
): Promise<Result<{ readonly url: URL; readonly server: AuthorizationServer }, EvergrantError>> {
  const found = await provider.server(transport)
  if (!found.ok) return err(found.error.error)
  const server = found.value
  const { authorization_endpoint: endpoint } = server
  const url = endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url !== undefined && isSafe(url)) return ok({ url, server })
  return err(
    new EvergrantError(
      'provider_misconfigured',
      `${provider.host} has no "authorization_endpoint" that is an https URL`,
      provider.type === 'oauth2' ? { remedy: 'Set `authorizationEndpoint` of the provider.' } : {},
    ),
  )
}

/** Scopes, and how the sign-in is to go, as each kind of provider understands it. */
function wishes({
  provider,
  targets,
  nonce,
  prompt,
}: AuthorizationRequest): Readonly<Record<string, string>> {
  const named = scopesOf(targets)
  if (provider.type === 'entra') {
    return {
      scope: entraScopes(provider, targets, named),
      nonce,
      response_mode: 'query',
      prompt,
      amr_values: 'mfa',
    }
  }
  if (provider.type === 'oauth2') return named.length === 0 ? {} : { scope: named.join(' ') }
  const scopes = new Set([...named, 'openid', 'offline_access'])
  // A refresh token takes consent each time: OpenID Connect Core 1.0 section 11.
  const prompts = prompt === 'login' ? 'login consent' : 'consent'
  return { scope: [...scopes].join(' '), nonce, prompt: prompts }
}

/**
 * Entra takes either named scopes of several APIs, or `.default` of one: with it the page lists
 * every permission of the registration.
 */
function entraScopes(
  provider: ProviderProfile,
  targets: readonly TokenTarget[],
  named: readonly string[],
): string {
  const isNamed = targets.every(
    (target) => 'scope' in target && !target.scope.includes('/.default'),
  )
  const [first = { scope: '' }] = targets
  const target = isNamed ? { scope: named.join(' ') } : first
  return provider.tokenParameters(target, 'authorization_code')['scope'] ?? ''
}

function scopesOf(targets: readonly TokenTarget[]): readonly string[] {
  const scopes = targets.flatMap((target) => ('scope' in target ? target.scope.split(/\s+/) : []))
  return [...new Set(scopes.filter(Boolean))]
}

function isSafe(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
}
