import type { Result, Secret } from '../kernel/index.ts'
import { authorizationCodeRequest, processAuthorizationCodeResponse } from './authorization-code.ts'
import { mergeClaims } from './claims.ts'
import { clientCredentialsRequest, processClientCredentialsResponse } from './client-credentials.ts'
import { callTokenEndpoint, type EndpointCall, type ProviderClient } from './endpoint-call.ts'
import type { TokenTarget, WireGrant } from './provider.ts'
import { processRefreshTokenResponse, refreshTokenRequest } from './refresh-token.ts'
import type { TokenAnswer } from './token-answer.ts'
import type { TokenFailure } from './token-failure.ts'
import type { TokenRequest } from './token-request.ts'
import type { Transport } from './transport.ts'

/** What is asked of a provider in the name of the application itself. */
export interface ApplicationTokenRequest extends ProviderClient {
  readonly target: TokenTarget
  /** Claims (JSON text) of a challenge. */
  readonly claims?: string
  /** Whether to declare the capability `cp1`. */
  readonly declaresCp1: boolean
}

/** What is asked in the name of the subject who consented. */
export interface RefreshTokenRedemption extends ApplicationTokenRequest {
  readonly refreshToken: Secret
}

/** The end of a sign-in. */
export interface AuthorizationCodeRedemption extends ApplicationTokenRequest {
  readonly code: Secret
  /** The PKCE verifier whose challenge went with the sign-in. */
  readonly codeVerifier: Secret
  /** The redirect URI of the sign-in, exactly. */
  readonly redirectUri: string
  /** The nonce that was sent with the sign-in; with one, an ID token must come and name it. */
  readonly nonce?: string
}

/**
 * Obtains one access token by client credentials: finds the token endpoint, sends one request,
 * reads the answer within ten seconds. One call is at most one token request; nothing is retried,
 * cached or remembered here. RFC 6749 section 4.4.
 */
export function obtainApplicationToken(
  request: ApplicationTokenRequest,
  transport: Transport,
): Promise<Result<TokenAnswer, TokenFailure>> {
  return callTokenEndpoint(request, [], transport, async (call) => {
    const response = await clientCredentialsRequest(
      tokenRequest(request, 'client_credentials', call),
      call.send,
      call.signal,
    )
    return processClientCredentialsResponse(response, call.context(), call.signal)
  })
}

/**
 * Redeems a refresh token, once: the answer brings an access token for the target and, where the
 * provider rotates or renews, the next refresh token. A failure’s `effect` tells whether the token
 * may have been spent. Nothing is retried or kept here. RFC 6749 section 6.
 */
export function redeemRefreshToken(
  request: RefreshTokenRedemption,
  transport: Transport,
): Promise<Result<TokenAnswer, TokenFailure>> {
  const { refreshToken } = request
  return callTokenEndpoint(request, [refreshToken], transport, async (call) => {
    const response = await refreshTokenRequest(
      { ...tokenRequest(request, 'refresh_token', call), refreshToken },
      call.send,
      call.signal,
    )
    return processRefreshTokenResponse(response, call.context(), call.signal)
  })
}

/**
 * Redeems an authorization code with its PKCE verifier, once: tokens, and who signed in. Fails with
 * `id_token_invalid` when the ID token does not prove it. RFC 6749 section 4.1.3, RFC 7636.
 */
export function redeemAuthorizationCode(
  request: AuthorizationCodeRedemption,
  transport: Transport,
): Promise<Result<TokenAnswer, TokenFailure>> {
  const { code, codeVerifier, redirectUri, nonce } = request
  return callTokenEndpoint(request, [code, codeVerifier], transport, async (call) => {
    const response = await authorizationCodeRequest(
      { ...tokenRequest(request, 'authorization_code', call), code, codeVerifier, redirectUri },
      call.send,
      call.signal,
    )
    const context = { ...call.context(), ...(nonce === undefined ? {} : { nonce }) }
    return processAuthorizationCodeResponse(response, context, call.signal)
  })
}

function tokenRequest(
  { provider, target, claims: asked, declaresCp1 }: ApplicationTokenRequest,
  grant: WireGrant,
  { request }: EndpointCall,
): TokenRequest {
  const claims = mergeClaims(asked, declaresCp1)
  return {
    ...request,
    parameters: provider.tokenParameters(target, grant),
    ...(claims === undefined ? {} : { claims }),
  }
}
