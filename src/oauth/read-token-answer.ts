import * as oauth from 'oauth4webapi'
import { err, ok, Secret, type AccessToken, type Result } from '../kernel/index.ts'
import {
  classifyFailure,
  describeBody,
  readEvidence,
  type AnswerContext,
} from './classify-failure.ts'
import { readProviderTime } from './provider-time.ts'
import type { TokenAnswer } from './token-answer.ts'
import { tokenFailure, type TokenFailure } from './token-failure.ts'
import { readAnswer, type WireAnswer } from './wire-answer.ts'

/** What the reading of a token endpoint’s answer needs to know besides the response. */
export interface TokenContext extends AnswerContext {
  readonly server: oauth.AuthorizationServer
  readonly clientId: string
  /** When the request left (epoch ms): the token’s life counts from here. */
  readonly requestedAt: number
  /**
   * The issuer that an ID token must name, given the tenant it names; absent or undefined where ID
   * tokens cannot be checked, which are then passed over.
   */
  readonly issuerOf?: (tenantId: string | undefined) => string | undefined
}

/** A token answer before its ID token was looked at. */
export interface ReadTokens {
  readonly answer: WireAnswer
  readonly tokens: Pick<TokenAnswer, 'token' | 'refreshToken' | 'refreshExpiresAt'>
  /** The ID token as it came, unchecked. */
  readonly idToken: Secret | undefined
}

/** The life of a token whose provider does not say how long it lives (seconds). */
export const unknownLifeSeconds = 3_600

/** The longest life that is believed: ten years (seconds). */
const longestLifeSeconds = 315_360_000

/**
 * Reads the answer of a token endpoint: a Bearer token with its life and what came with it, or a
 * classified failure. Never keeps a secret in a failure. Numbers may come as strings (v1), the life
 * as `expires_in` or `expires_on`; members that are null or empty count as absent. RFC 6749 section
 * 5.
 */
export async function readTokens(
  response: Response,
  context: TokenContext,
  signal: AbortSignal,
): Promise<Result<ReadTokens, TokenFailure>> {
  const answer = await readAnswer(response, signal)
  if (answer.status !== 200) return err(classifyFailure(answer, context))
  const { json } = answer
  if (json === undefined || answer.isCut) {
    return refuse(answer, context, `with ${describeBody(answer)} instead of a token`)
  }
  if (typeof json['error'] === 'string') {
    return refuse(answer, context, 'with an error in the body of a success')
  }
  const { id_token: idToken, ...members } = withoutEmpty(json)
  try {
    const body = await oauth.processGenericTokenEndpointResponse(
      context.server,
      { client_id: context.clientId },
      Response.json(members),
    )
    const token = readAccessToken(body, answer, context)
    if (!token.ok) return token
    const tokens = { token: token.value, ...readRefreshToken(body, context) }
    return ok({
      answer,
      tokens,
      idToken: typeof idToken === 'string' ? new Secret(idToken) : undefined,
    })
  } catch (error) {
    if (!isAboutTheAnswer(error)) throw error
    return refuse(answer, context, `with a token response that does not conform: ${explain(json)}`)
  }
}

function withoutEmpty(json: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(json).filter(([, value]) => value !== null && value !== ''),
  )
}

function readAccessToken(
  body: oauth.TokenEndpointResponse,
  answer: WireAnswer,
  context: TokenContext,
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
  return until - (readProviderTime(headers) ?? now) / 1_000
}

/** The life of a refresh token stands in no RFC; Entra and Keycloak each have a name for it. */
function readRefreshToken(
  body: oauth.TokenEndpointResponse,
  { requestedAt }: TokenContext,
): Pick<TokenAnswer, 'refreshToken' | 'refreshExpiresAt'> {
  const life = Number(body['refresh_token_expires_in'] ?? body['refresh_expires_in'] ?? Number.NaN)
  return {
    ...(body.refresh_token === undefined ? {} : { refreshToken: new Secret(body.refresh_token) }),
    ...(life > 0 && life <= longestLifeSeconds
      ? { refreshExpiresAt: Math.floor(requestedAt + life * 1_000) }
      : {}),
  }
}

function refuse(
  answer: WireAnswer,
  context: TokenContext,
  seen: string,
): { readonly ok: false; readonly error: TokenFailure } {
  return err(
    tokenFailure('invalid_answer', `${context.url.host} answered ${answer.status} ${seen}`, {
      effect: 'unknown',
      upstream: readEvidence(answer, context.secrets),
    }),
  )
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

/** The library’s errors hold the whole body, so none of them goes further than this room. */
export function isAboutTheAnswer(error: unknown): boolean {
  return (
    error instanceof oauth.OperationProcessingError ||
    error instanceof oauth.UnsupportedOperationError
  )
}
