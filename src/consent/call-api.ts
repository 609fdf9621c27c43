import {
  authorizationHeader,
  err,
  ok,
  type AccessToken,
  type EvergrantError,
  type Result,
} from '../kernel/index.ts'
import { readAnswer, underDeadline, type Transport, type WireAnswer } from '../oauth/index.ts'

/** An answer of an API to a test call. */
export interface ApiAnswer extends WireAnswer {
  /** What the API calls the request, for support tickets. */
  readonly requestId?: string
}

const requestIdHeaders = ['request-id', 'ms-requestid', 'x-ms-request-id', 'ms-correlationid']

/**
 * Sends one GET with the token and reads the answer within ten seconds; redirects are not followed.
 * Fails as a request to a provider does when nothing could be learnt.
 */
export async function callApi(
  url: URL,
  token: AccessToken,
  transport: Transport,
): Promise<Result<ApiAnswer, EvergrantError>> {
  const outcome = await underDeadline(transport, url, async (send, signal) => {
    const headers = { accept: 'application/json', authorization: authorizationHeader(token) }
    return readAnswer(await send(url, { headers, redirect: 'manual', signal }), signal)
  })
  if ('failed' in outcome) return err(outcome.failed.error)
  const answer = outcome.done
  const requestId = requestIdHeaders
    .map((name) => answer.headers.get(name))
    .find((value) => value !== null && /^[\w.:-]{1,100}$/.test(value))
  return ok({ ...answer, ...(typeof requestId === 'string' ? { requestId } : {}) })
}
