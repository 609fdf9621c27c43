import * as oauth from 'oauth4webapi'
import { ok, type Result } from '../kernel/index.ts'
import { readTokens, type TokenContext } from './read-token-answer.ts'
import type { TokenAnswer } from './token-answer.ts'
import type { TokenFailure } from './token-failure.ts'
import { parametersOf, sendOptions, type TokenRequest } from './token-request.ts'

/**
 * Sends a client credentials request and resolves with the raw response. RFC 6749 section 4.4.2.
 *
 * @param send Rejects as `fetch` does; the rejection is passed on.
 */
export function clientCredentialsRequest(
  request: TokenRequest,
  send: typeof fetch,
  signal: AbortSignal,
): Promise<Response> {
  const { server, clientId, proof } = request
  return oauth.clientCredentialsGrantRequest(
    server,
    { client_id: clientId },
    proof,
    parametersOf(request),
    sendOptions(server.token_endpoint, send, signal),
  )
}

/**
 * Reads the answer of a client credentials request: a Bearer token with its life, or a classified
 * failure. Never keeps a secret. A refresh token has no place here (RFC 6749 section 4.4.3) and is
 * dropped.
 */
export async function processClientCredentialsResponse(
  response: Response,
  context: TokenContext,
  signal: AbortSignal,
): Promise<Result<TokenAnswer, TokenFailure>> {
  const read = await readTokens(response, context, signal)
  return read.ok ? ok({ token: read.value.tokens.token }) : read
}
