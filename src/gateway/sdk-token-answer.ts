import type { AccessToken, EvergrantError } from '../kernel/index.ts'
import type { SdkRefusal } from './sdk-token-request.ts'

/** An answer as Azure’s SDKs read it. */
export interface SdkAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * The answer that hands a token out. Every value is text and the members come in the order that all
 * SDKs read alike: in .NET the later of `expires_in` and `expires_on` wins.
 *
 * @param now StoreClock’s instant (epoch ms).
 */
export function sdkTokenAnswer(
  token: AccessToken,
  {
    clientId,
    resource,
    now,
  }: { readonly clientId: string; readonly resource: string; readonly now: number },
): SdkAnswer {
  const expiresOn = Math.floor(token.expiresAt / 1_000)
  return json(200, {
    access_token: token.secret.reveal(),
    client_id: clientId,
    expires_in: String(Math.max(0, Math.floor((token.expiresAt - now) / 1_000))),
    expires_on: String(expiresOn),
    not_before: String(Math.floor(token.issuedAt / 1_000)),
    resource,
    token_type: 'Bearer',
  })
}

/**
 * The refusal of a question, 400 unless it is the caller who is refused: SDKs retry 404, 410 and
 * 500 for up to a minute, as if an identity were about to appear.
 */
export function sdkRefusal(
  { error, description }: SdkRefusal,
  correlationId: string,
  status: 400 | 401 | 403 | 429 | 503 = 400,
): SdkAnswer {
  return failure(status, error, description, correlationId)
}

/**
 * The answer when the engine has no token: 503 with Retry-After where waiting helps, so that SDKs
 * try again; 400 where a person must act, so that they do not.
 */
export function sdkFailure(error: EvergrantError, correlationId: string): SdkAnswer {
  const { oauthError = 'invalid_request', retry } = error.definition
  const description = `${error.detail} → ${error.remedy}`
  if (retry === 'never') return failure(400, oauthError, description, correlationId)
  const seconds = Math.max(1, Math.ceil((error.retryAfterMs ?? 1_000) / 1_000))
  const answer = failure(503, oauthError, description, correlationId)
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(seconds) } }
}

function failure(
  statusCode: number,
  error: string,
  description: string,
  correlationId: string,
): SdkAnswer {
  return json(statusCode, {
    error,
    error_description: description,
    statusCode,
    message: description,
    correlationId,
  })
}

function json(status: number, body: object): SdkAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  }
}
