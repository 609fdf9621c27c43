import * as oauth from 'oauth4webapi'
import { err, ok, type Result, type Secret } from '../kernel/index.ts'
import { checkIdToken } from './id-token.ts'
import { readTokens, type TokenContext } from './read-token-answer.ts'
import type { TokenAnswer } from './token-answer.ts'
import { tokenFailure, type TokenFailure } from './token-failure.ts'
import { parametersOf, sendOptions, type TokenRequest } from './token-request.ts'

/** A request that redeems an authorization code. */
export interface AuthorizationCodeRequest extends TokenRequest {
  readonly code: Secret
  /** The PKCE verifier whose challenge went with the sign-in. */
  readonly codeVerifier: Secret
  /** The redirect URI of the sign-in, exactly. */
  readonly redirectUri: string
}

/** What reading the answer needs besides. */
export interface AuthorizationCodeContext extends TokenContext {
  /** The nonce that was sent with the sign-in; with one, an ID token must come and name it. */
  readonly nonce?: string
}

/**
 * Sends a code for tokens and resolves with the raw response. RFC 6749 section 4.1.3, RFC 7636
 * section 4.5.
 *
 * @param send Rejects as `fetch` does; the rejection is passed on.
 */
export function authorizationCodeRequest(
  request: AuthorizationCodeRequest,
  send: typeof fetch,
  signal: AbortSignal,
): Promise<Response> {
  const { server, clientId, proof, code, codeVerifier, redirectUri } = request
  const parameters = {
    ...parametersOf(request),
    code: code.reveal(),
    code_verifier: codeVerifier.reveal(),
    redirect_uri: redirectUri,
  }
  return oauth.genericTokenEndpointRequest(
    server,
    { client_id: clientId },
    proof,
    'authorization_code',
    parameters,
    sendOptions(server.token_endpoint, send, signal),
  )
}

/**
 * Reads the answer to a code: the tokens and who they are for, or a classified failure. An ID token
 * that does not prove who signed in fails with `id_token_invalid`: nobody may be taken for someone
 * else. RFC 6749 section 4.1.4, OpenID Connect Core 1.0 section 3.1.3.
 */
export async function processAuthorizationCodeResponse(
  response: Response,
  context: AuthorizationCodeContext,
  signal: AbortSignal,
): Promise<Result<TokenAnswer, TokenFailure>> {
  const read = await readTokens(response, context, signal)
  if (!read.ok) return read
  const { tokens, idToken, answer } = read.value
  const { nonce, issuerOf } = context
  if (idToken === undefined) {
    return nonce === undefined ? ok(tokens) : refuse(context, 'there is none')
  }
  if (issuerOf === undefined && nonce === undefined) return ok(tokens)
  const expectation = { after: 'code', ...(nonce === undefined ? {} : { nonce }) } as const
  const subject = await checkIdToken(idToken, expectation, context, answer.headers)
  if (!subject.ok) return refuse(context, subject.error)
  return ok({ ...tokens, idToken, subject: subject.value })
}

function refuse(
  { url }: TokenContext,
  reason: string,
): { readonly ok: false; readonly error: TokenFailure } {
  return err(
    tokenFailure('invalid_answer', `the ID token of ${url.host} was refused: ${reason}`, {
      code: 'id_token_invalid',
      effect: 'unknown',
      retry: 'never',
    }),
  )
}
