import * as oauth from 'oauth4webapi'
import { err, ok, type Result } from '../kernel/index.ts'
import { classifyFailure, describeBody, readEvidence } from './classify-failure.ts'
import { callEndpoint } from './endpoint-call.ts'
import { isAboutTheAnswer, type TokenContext } from './read-token-answer.ts'
import { hintParameters, type TokenOperation } from './revoke-token.ts'
import { tokenFailure, type TokenFailure } from './token-failure.ts'
import { sendOptions, type ClientRequest } from './token-request.ts'
import type { Transport } from './transport.ts'
import { readAnswer } from './wire-answer.ts'

/** What the provider says of a token; nothing is known of an inactive one. */
export type Introspection =
  | { readonly kind: 'active'; readonly claims: Readonly<Record<string, unknown>> }
  | { readonly kind: 'inactive' }
  /** The provider has no introspection endpoint. */
  | { readonly kind: 'unsupported' }

/**
 * Sends an introspection request and resolves with the raw response. RFC 7662 section 2.1.
 *
 * @param send Rejects as `fetch` does; the rejection is passed on.
 */
export function introspectionRequest(
  request: ClientRequest & Pick<TokenOperation, 'token' | 'tokenTypeHint'>,
  send: typeof fetch,
  signal: AbortSignal,
): Promise<Response> {
  const { server, clientId, proof, token, tokenTypeHint } = request
  return oauth.introspectionRequest(server, { client_id: clientId }, proof, token.reveal(), {
    ...sendOptions(server.introspection_endpoint, send, signal),
    ...hintParameters(tokenTypeHint),
  })
}

/**
 * Reads the answer of an introspection: the claims of an active token, or that it is not active; or
 * a classified failure. Only `active: true` makes a token active. RFC 7662 section 2.2.
 */
export async function processIntrospectionResponse(
  response: Response,
  context: TokenContext,
  signal: AbortSignal,
): Promise<Result<Introspection, TokenFailure>> {
  const answer = await readAnswer(response, signal)
  if (answer.status !== 200) return err(classifyFailure(answer, context))
  const { json } = answer
  try {
    if (json === undefined || answer.isCut) {
      return refuse(context, `${describeBody(answer)} instead of an introspection`)
    }
    const { active, ...claims } = await oauth.processIntrospectionResponse(
      context.server,
      { client_id: context.clientId },
      Response.json(json),
    )
    return ok(active ? { kind: 'active', claims } : { kind: 'inactive' })
  } catch (error) {
    if (!isAboutTheAnswer(error)) throw error
    return refuse(context, 'an introspection whose "active" is not true or false')
  }

  function refuse(
    { url, secrets }: TokenContext,
    seen: string,
  ): { readonly ok: false; readonly error: TokenFailure } {
    return err(
      tokenFailure('invalid_answer', `${url.host} answered ${answer.status} with ${seen}`, {
        effect: 'unknown',
        upstream: readEvidence(answer, secrets),
      }),
    )
  }
}

/**
 * Asks the provider about a token within ten seconds, once; `unsupported` where it has no
 * introspection endpoint (Entra). RFC 7662.
 */
export async function introspectToken(
  operation: TokenOperation,
  transport: Transport,
): Promise<Result<Introspection, TokenFailure>> {
  const { token, tokenTypeHint } = operation
  const outcome = await callEndpoint(
    operation,
    'introspection_endpoint',
    [token],
    transport,
    async ({ request, send, signal, context }) => {
      const hint = tokenTypeHint === undefined ? {} : { tokenTypeHint }
      const response = await introspectionRequest({ ...request, token, ...hint }, send, signal)
      return processIntrospectionResponse(response, context(), signal)
    },
  )
  return outcome ?? ok({ kind: 'unsupported' })
}
