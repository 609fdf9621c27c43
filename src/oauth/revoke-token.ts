import * as oauth from 'oauth4webapi'
import { err, ok, type Result, type Secret } from '../kernel/index.ts'
import { classifyFailure, type AnswerContext } from './classify-failure.ts'
import { callEndpoint, type ProviderClient } from './endpoint-call.ts'
import { recodeFailure, type TokenFailure } from './token-failure.ts'
import { sendOptions, type ClientRequest } from './token-request.ts'
import type { Transport } from './transport.ts'
import { readAnswer } from './wire-answer.ts'

/** Which kind of token it is; a hint that helps the server to find it. */
export type TokenTypeHint = 'access_token' | 'refresh_token'

/** A token to be revoked or looked up. */
export interface TokenOperation extends ProviderClient {
  readonly token: Secret
  readonly tokenTypeHint?: TokenTypeHint
}

/** What a revocation came to; `unsupported` where the provider offers none for such tokens. */
export type Revocation = 'revoked' | 'unsupported'

/**
 * Sends a revocation request and resolves with the raw response. RFC 7009 section 2.1.
 *
 * @param send Rejects as `fetch` does; the rejection is passed on.
 */
export function revocationRequest(
  request: ClientRequest & Pick<TokenOperation, 'token' | 'tokenTypeHint'>,
  send: typeof fetch,
  signal: AbortSignal,
): Promise<Response> {
  const { server, clientId, proof, token, tokenTypeHint } = request
  return oauth.revocationRequest(server, { client_id: clientId }, proof, token.reveal(), {
    ...sendOptions(server.revocation_endpoint, send, signal),
    ...hintParameters(tokenTypeHint),
  })
}

/**
 * Reads the answer of a revocation: done, also when the token was dead before; `unsupported` for a
 * kind of token the server does not revoke; or a classified failure. RFC 7009 section 2.2.
 */
export async function processRevocationResponse(
  response: Response,
  context: AnswerContext,
  signal: AbortSignal,
): Promise<Result<Revocation, TokenFailure>> {
  const answer = await readAnswer(response, signal)
  if (answer.status === 200 || answer.status === 204) return ok('revoked')
  const isUnsupported = answer.status < 500 && answer.json?.['error'] === 'unsupported_token_type'
  return isUnsupported ? ok('unsupported') : err(classifyFailure(answer, context))
}

/**
 * Revokes a token at its provider within ten seconds, once. `unsupported` where the provider has no
 * revocation endpoint (Entra). A failure’s error has the code `revocation_failed`; its kind tells
 * why. RFC 7009.
 */
export async function revokeToken(
  operation: TokenOperation,
  transport: Transport,
): Promise<Result<Revocation, TokenFailure>> {
  const { token, tokenTypeHint } = operation
  const outcome = await callEndpoint(
    operation,
    'revocation_endpoint',
    [token],
    transport,
    async ({ request, send, signal, context }) => {
      const hint = tokenTypeHint === undefined ? {} : { tokenTypeHint }
      const response = await revocationRequest({ ...request, token, ...hint }, send, signal)
      return processRevocationResponse(response, context(), signal)
    },
  )
  if (outcome === undefined) return ok('unsupported')
  return outcome.ok ? outcome : err(recodeFailure(outcome.error, 'revocation_failed'))
}

/** The hint as the library takes it. */
export function hintParameters(hint: TokenTypeHint | undefined): {
  additionalParameters?: Record<string, string>
} {
  return hint === undefined ? {} : { additionalParameters: { token_type_hint: hint } }
}
