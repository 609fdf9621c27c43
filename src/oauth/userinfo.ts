import { err, ok, type Result, type Secret } from '../kernel/index.ts'
import { isLoopback } from './endpoint-url.ts'
import { readRetryAfter } from './retry-after.ts'
import { underDeadline, type Transport } from './transport.ts'
import { readAnswer } from './wire-answer.ts'
import { parseChallenges } from './www-authenticate.ts'

/** How long a UserInfo endpoint may take to answer (ms). */
const deadlineMs = 5_000

/** What a UserInfo endpoint says of a token. */
export type UserInfo =
  | { readonly kind: 'claims'; readonly claims: Readonly<Record<string, unknown>> }
  /** Claims as a JWT that has yet to be verified. */
  | { readonly kind: 'signed'; readonly jwt: string }
  /** It does not accept the token; `detail` names the host and what it answered. */
  | { readonly kind: 'refused'; readonly status: 400 | 401 | 403; readonly detail: string }

/** Why nothing is known of a token; the token is not to blame. */
export interface UserInfoFailure {
  /** What was wrong, naming the host; nothing of what it answered. */
  readonly detail: string
  /** How long the host asked to be left alone (ms). */
  readonly retryAfterMs?: number
  /** Whether the host answered at all: then it may answer others rightly. */
  readonly isAnswer: boolean
}

/**
 * Sends a UserInfo request, the token in its header, and resolves with the raw response. Redirects
 * are not followed: the token would go along. OpenID Connect Core 1.0 section 5.3.1.
 *
 * @param send Rejects as `fetch` does; the rejection is passed on.
 */
export function userInfoRequest(
  url: URL,
  token: Secret,
  send: typeof fetch,
  signal: AbortSignal,
): Promise<Response> {
  return send(url, {
    headers: {
      accept: 'application/json, application/jwt',
      authorization: `Bearer ${token.reveal()}`,
    },
    redirect: 'manual',
    signal,
  })
}

/**
 * Reads the answer of a UserInfo endpoint: claims, a signed form of them, or that it does not
 * accept the token. Anything else is a failure of the endpoint. OpenID Connect Core 1.0 section
 * 5.3.2.
 */
export async function processUserInfoResponse(
  response: Response,
  { host }: URL,
  now: number,
  signal: AbortSignal,
): Promise<Result<UserInfo, UserInfoFailure>> {
  const { status, headers, json, text, isCut } = await readAnswer(response, signal)
  if (status === 400 || status === 401 || status === 403) {
    const [challenge] = parseChallenges(headers.get('www-authenticate') ?? '')
    const error = challenge?.parameters.get('error') ?? ''
    const named = /^[\w-]{1,40}$/.test(error) ? ` (${error})` : ''
    return ok({ kind: 'refused', status, detail: `${host} answered ${status}${named}` })
  }
  if (status !== 200) {
    const retryAfterMs = readRetryAfter(headers, now)
    return err({
      isAnswer: true,
      detail: `${host} answered ${status} instead of UserInfo`,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }
  if (isCut) return err({ isAnswer: true, detail: `${host} answered with more than 1 MiB` })
  if (/^application\/jwt\b/i.test(headers.get('content-type') ?? '')) {
    return ok({ kind: 'signed', jwt: text.trim() })
  }
  if (json === undefined)
    return err({ isAnswer: true, detail: `${host} answered 200 with no JSON object` })
  return ok({ kind: 'claims', claims: json })
}

/** Asks a UserInfo endpoint about a token within five seconds, once. */
export async function askUserInfo(
  url: URL,
  token: Secret,
  transport: Transport,
): Promise<Result<UserInfo, UserInfoFailure>> {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url))) {
    return err({ isAnswer: false, detail: `${url.host}: UserInfo is asked over https alone` })
  }
  const outcome = await underDeadline(
    transport,
    url,
    async (send, signal) =>
      processUserInfoResponse(
        await userInfoRequest(url, token, send, signal),
        url,
        transport.clock.now(),
        signal,
      ),
    deadlineMs,
  )
  if ('failed' in outcome) return err({ isAnswer: false, detail: outcome.failed.error.detail })
  return outcome.done
}
