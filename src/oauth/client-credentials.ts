import * as oauth from 'oauth4webapi'
import { Secret, err, ok, type AccessToken, type Result } from '../kernel/index.ts'
import {
  classifyFailure,
  describeBody,
  readEvidence,
  type AnswerContext,
} from './classify-failure.ts'
import type { ClientAuthentication } from './client-authentication.ts'
import { isLoopback } from './endpoint-url.ts'
import { tokenFailure, type TokenFailure } from './token-failure.ts'
import { readAnswer, type WireAnswer } from './wire-answer.ts'

/** A token request of the application itself. */
export interface ClientCredentialsRequest {
  readonly server: oauth.AuthorizationServer
  readonly clientId: string
  readonly authentication: ClientAuthentication
  /** `scope`, `resource` and what else the provider wants, as the wire spells it. */
  readonly parameters: Readonly<Record<string, string>>
  /** Claims request (JSON text), sent as `claims`. */
  readonly claims?: string
}

/**
 * Sends a client credentials request and resolves with the raw response. Plain http passes for
 * loopback hosts only; redirects are not followed. RFC 6749 section 4.4.2.
 *
 * @param send Rejects as `fetch` does; the rejection is passed on.
 */
export function clientCredentialsRequest(
  request: ClientCredentialsRequest,
  send: typeof fetch,
  signal: AbortSignal,
): Promise<Response> {
  const { server, clientId, authentication, parameters, claims } = request
  const url = new URL(server.token_endpoint ?? '')
  return oauth.clientCredentialsGrantRequest(
    server,
    { client_id: clientId },
    authentication.apply,
    claims === undefined ? { ...parameters } : { ...parameters, claims },
    {
      signal,
      [oauth.allowInsecureRequests]: isLoopback(url),
      [oauth.customFetch]: (address, options) => send(address, options),
    },
  )
}

/** What processing needs to know besides the response. */
export interface ClientCredentialsContext extends AnswerContext {
  readonly server: oauth.AuthorizationServer
  readonly clientId: string
  /** When the request left (epoch ms): the token’s life counts from here. */
  readonly requestedAt: number
}

/** The life of a token whose provider does not say how long it lives (seconds). */
export const unknownLifeSeconds = 3_600

/** The longest life that is believed: ten years (seconds). */
const longestLifeSeconds = 315_360_000

/**
 * Reads the answer of a client credentials request: a Bearer token with its life, or a classified
 * failure. Never keeps a secret. Numbers may come as strings (v1), the life as `expires_in` or
 * `expires_on`. RFC 6749 sections 4.4.3 and 5.
 */
export async function processClientCredentialsResponse(
  response: Response,
  context: ClientCredentialsContext,
  signal: AbortSignal,
): Promise<Result<AccessToken, TokenFailure>> {
  const answer = await readAnswer(response, signal)
  if (answer.status !== 200) return err(classifyFailure(answer, context))
  const { json } = answer
  if (json === undefined || answer.isCut) {
    return refuse(answer, context, `with ${describeBody(answer)} instead of a token`)
  }
  if (typeof json['error'] === 'string') {
    return refuse(answer, context, 'with an error in the body of a success')
  }
  try {
    const body = await oauth.processClientCredentialsResponse(
      context.server,
      { client_id: context.clientId },
      new Response(answer.text, {
        status: 200,
        headers: { 'content-type': 'application/json' },
      }),
    )
    return readToken(body, answer, context)
  } catch (error) {
    if (!isAboutTheAnswer(error)) throw error
    return refuse(answer, context, `with a token response that does not conform: ${explain(json)}`)
  }
}

function readToken(
  body: oauth.TokenEndpointResponse,
  answer: WireAnswer,
  context: ClientCredentialsContext,
): Result<AccessToken, TokenFailure> {
  if (body.token_type.toLowerCase() !== 'bearer') {
    return refuse(answer, context, 'with a token that is not a Bearer token')
  }
  const life = body.expires_in ?? lifeUntil(body['expires_on'], answer.headers, context.now)
  if (!(life > 0 && life <= longestLifeSeconds)) {
    return refuse(answer, context, `with an "expires_in" of ${life} seconds`)
  }
  const renewIn = Number(body['refresh_in'] ?? Number.NaN)
  const { requestedAt, now } = context
  return ok({
    secret: new Secret(body.access_token),
    tokenType: 'Bearer',
    issuedAt: now,
    expiresAt: Math.floor(requestedAt + life * 1_000),
    ...(renewIn > 0 && renewIn < life
      ? { refreshAt: Math.floor(requestedAt + renewIn * 1_000) }
      : {}),
    ...(body.scope === undefined ? {} : { scope: body.scope }),
  })
}

/** Reads `expires_on` (epoch seconds) against the provider’s own clock. */
function lifeUntil(expiresOn: unknown, headers: Headers, now: number): number {
  const until = Number(expiresOn ?? Number.NaN)
  if (!Number.isFinite(until)) return unknownLifeSeconds
  const serverNow = Date.parse(headers.get('date') ?? '')
  return until - (Number.isNaN(serverNow) ? now : serverNow) / 1_000
}

function refuse(
  answer: WireAnswer,
  context: ClientCredentialsContext,
  seen: string,
): Result<AccessToken, TokenFailure> {
  const failure = tokenFailure(
    'invalid_answer',
    `${context.url.host} answered ${answer.status} ${seen}`,
    { upstream: readEvidence(answer, context.secrets) },
  )
  return err(failure)
}

function explain(json: Readonly<Record<string, unknown>>): string {
  if (typeof json['access_token'] !== 'string' || json['access_token'] === '') {
    return '"access_token" is missing'
  }
  if (typeof json['token_type'] !== 'string') return '"token_type" is missing'
  if (json['expires_in'] !== undefined && !(Number(json['expires_in']) > 0)) {
    return '"expires_in" is not a positive number'
  }
  if (json['scope'] !== undefined && typeof json['scope'] !== 'string') return '"scope" is not text'
  return '"token_type" or another member is not understood'
}

/** The library’s errors hold the whole body, so none of them goes further than this. */
function isAboutTheAnswer(error: unknown): boolean {
  return (
    error instanceof oauth.OperationProcessingError ||
    error instanceof oauth.UnsupportedOperationError
  )
}
