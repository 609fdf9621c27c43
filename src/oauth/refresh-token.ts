import * as oauth from 'oauth4webapi'
import { ok, type Result, type Secret } from '../kernel/index.ts'
import { checkIdToken } from './id-token.ts'
import { readTokens, type TokenContext } from './read-token-answer.ts'
import type { TokenAnswer } from './token-answer.ts'
import type { TokenFailure } from './token-failure.ts'
import { parametersOf, sendOptions, type TokenRequest } from './token-request.ts'

/** A request that redeems a refresh token. */
export interface RefreshTokenRequest extends TokenRequest {
  readonly refreshToken: Secret
}

/**
 * Sends a refresh request and resolves with the raw response. RFC 6749 section 6.
 *
 * @param send Rejects as `fetch` does; the rejection is passed on.
 */
export function refreshTokenRequest(
  request: RefreshTokenRequest,
  send: typeof fetch,
  signal: AbortSignal,
): Promise<Response> {
  const { server, clientId, proof, refreshToken } = request
  return oauth.refreshTokenGrantRequest(
    server,
    { client_id: clientId },
    proof,
    refreshToken.reveal(),
    {
      ...sendOptions(server.token_endpoint, send, signal),
      additionalParameters: parametersOf(request),
    },
  )
}

/**
 * Reads the answer of a refresh request: the tokens, and who they are for where an ID token proves
 * it; or a classified failure. A broken ID token costs the subject alone, never the new refresh
 * token. RFC 6749 sections 5 and 6, OpenID Connect Core 1.0 section 12.2.
 */
export async function processRefreshTokenResponse(
  response: Response,
  context: TokenContext,
  signal: AbortSignal,
): Promise<Result<TokenAnswer, TokenFailure>> {
  const read = await readTokens(response, context, signal)
  if (!read.ok) return read
  const { tokens, idToken, answer } = read.value
  if (idToken === undefined) return ok(tokens)
  const subject = await checkIdToken(idToken, { after: 'refresh' }, context, answer.headers)
  return ok(subject.ok ? { ...tokens, idToken, subject: subject.value } : tokens)
}
