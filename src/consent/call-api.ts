import {
  authorizationHeader,
  err,
  ok,
  type AccessToken,
  type EvergrantError,
  type Result,
} from '../kernel/index.ts'
import { readAnswer, underDeadline, type Transport, type WireAnswer } from '../oauth/index.ts'

/** An answer of an API to a call of ours. */
export interface ApiAnswer extends WireAnswer {
  /** What the API calls the request, for support tickets; each once. */
  readonly requestIds: readonly string[]
}

/** A call; GET without a body by default. */
export interface ApiCall {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
}

/** Of Graph, Partner Center and Resource Manager. */
const requestIdHeaders = [
  'request-id',
  'client-request-id',
  'ms-requestid',
  'ms-correlationid',
  'x-ms-request-id',
  'x-ms-correlation-request-id',
]

/**
 * Sends one call with the token and reads the answer within ten seconds; redirects are not
 * followed. Fails as a request to a provider does when nothing could be learnt.
 */
export async function callApi(
  url: URL,
  token: AccessToken,
  transport: Transport,
  { method = 'GET', headers = {}, body }: ApiCall = {},
): Promise<Result<ApiAnswer, EvergrantError>> {
  const outcome = await underDeadline(transport, url, async (send, signal) => {
    const sent = {
      ...headers,
      accept: 'application/json',
      authorization: authorizationHeader(token),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    return readAnswer(
      await send(url, {
        method,
        headers: sent,
        redirect: 'manual',
        signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
      signal,
    )
  })
  if ('failed' in outcome) return err(outcome.failed.error)
  const answer = outcome.done
  const named = requestIdHeaders.flatMap((name) => answer.headers.get(name) ?? [])
  const requestIds = [...new Set(named)].filter((value) => /^[\w.:-]{1,100}$/.test(value))
  return ok({ ...answer, requestIds })
}
