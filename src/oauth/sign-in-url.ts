import { createHash } from 'node:crypto'
import { err, ok, type EvergrantError, type Result } from '../kernel/index.ts'
import { authorizationEndpoint } from './authorization-request.ts'
import type { ProviderProfile } from './provider.ts'
import type { Transport } from './transport.ts'

/** A sign-in that is to tell who somebody is, and nothing more. */
export interface SignInRequest {
  readonly provider: ProviderProfile
  readonly clientId: string
  /** Exactly as registered. */
  readonly redirectUri: string
  /** Separated by blanks; `openid` is one of them. */
  readonly scope: string
  /** What the access token is to be for (RFC 8707), where that is to be named. */
  readonly resource?: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/** Where somebody signs in, and by what the answer is known to be this server’s. */
export interface SignInAddress {
  readonly url: string
  /** The issuer identifier that an answer names in `iss` (RFC 9207). */
  readonly issuer: string
  /** Whether the server names it in every answer. */
  readonly namesIssuer: boolean
}

/**
 * Makes the address of a sign-in: code flow with PKCE S256, state and nonce, the answer in the
 * query. No refresh token is asked for. OpenID Connect Core 1.0 section 3.1.2.1, RFC 7636.
 *
 * @returns The failure of the provider’s metadata, or `provider_misconfigured`
 */
export async function signInUrl(
  request: SignInRequest,
  transport: Transport,
): Promise<Result<SignInAddress, EvergrantError>> {
  const { provider, codeVerifier, resource } = request
  const endpoint = await authorizationEndpoint(provider, transport)
  if (!endpoint.ok) return err(endpoint.error)
  const { url, server } = endpoint.value
  const parameters = {
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    scope: request.scope,
    state: request.state,
    nonce: request.nonce,
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
    // At Entra a browser is often signed in with several accounts.
    ...(provider.type === 'entra' ? { response_mode: 'query', prompt: 'select_account' } : {}),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  if (resource !== undefined) url.searchParams.set('resource', resource)
  return ok({
    url: url.href,
    issuer: server.issuer,
    namesIssuer: server.authorization_response_iss_parameter_supported === true,
  })
}
