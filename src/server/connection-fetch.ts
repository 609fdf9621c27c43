import type { ConnectionHandle, Rejection, RejectionReport } from '../grants/index.ts'
import {
  authorizationHeader,
  EvergrantError,
  type AccessToken,
  type Clock,
} from '../kernel/index.ts'
import { peekText } from './peek-text.ts'
import { keepBody } from './replayable-body.ts'

/** What a connection’s `fetch` is made with. */
export interface ConnectionFetchOptions {
  /** The way out. */
  readonly fetch: typeof fetch
  readonly clock: Clock
  /**
   * Origins a token may be sent to, such as `https://graph.microsoft.com`. Default: every `https:`
   * origin, and loopback.
   */
  readonly origins?: readonly string[]
}

/** What the token had to do with an answer. `detail` is for people and holds no secret. */
export type AnswerNote =
  /** An earlier answer refused the token; this is the answer to a newer one. */
  | {
      readonly kind: 'replayed'
      readonly because: 'newer_token_exists' | 'renewed' | 'renewed_with_claims'
    }
  /** The token was refused; there is a newer one, but the request could not be sent again. */
  | { readonly kind: 'replay_skipped'; readonly reason: 'body_not_replayable' | 'redirected' }
  /** The token was refused, and no newer one could be had. */
  | { readonly kind: 'renewal_failed'; readonly error: EvergrantError }
  /** A newer token would be refused alike. */
  | { readonly kind: 'not_about_token'; readonly reason: string; readonly detail: string }

const notes = new WeakMap<Response, AnswerNote>()

/**
 * Tells what the token had to do with an answer of a connection’s `fetch`; undefined where nothing
 * was the matter with it.
 */
export function noteOf(answer: Response): AnswerNote | undefined {
  return notes.get(answer)
}

/** Bounds of the look into an answer’s body. */
const peekBounds = { bytes: 65_536, milliseconds: 200 } as const

/**
 * Makes `fetch` with the life of a connection’s token handled. Each call carries a living token. An
 * answer that refuses it (401, or a claims challenge) is reported, so that one renewal serves all
 * who met the same refusal, and the request is sent once more with the newer token: such an answer
 * means that nothing was executed, so any method may be. It is not sent again when its body is a
 * stream, which is gone, or when a redirect was followed that may have executed it; then, and when
 * no newer token can be had, the API’s own answer is returned. `noteOf` tells what happened. Every
 * other answer is passed through with its body unread.
 *
 * As `fetch` does, it follows redirects, but takes the token to no other origin. It never overrides
 * an `Authorization` header of the caller: that is refused. A `Request` with a body counts as a
 * stream.
 *
 * @throws EvergrantError every code of `ConnectionHandle.getToken`; `usage` for an `Authorization`
 *   header, an origin that is not permitted and plain HTTP beyond loopback; what `fetch` throws.
 */
export function createConnectionFetch(
  handle: ConnectionHandle,
  options: ConnectionFetchOptions,
): typeof fetch {
  const { clock } = options
  const permitted = options.origins?.map((origin) => new URL(origin).origin)

  return async (input, init) => {
    const request = readRequest(input, init)
    requireSendable(request, permitted, handle.definition.name)
    const wish = request.signal === undefined ? undefined : { signal: request.signal }
    const body = keepBody(input, init)

    const send = (token: AccessToken): Promise<Response> => {
      const headers = new Headers(request.headers)
      headers.set('authorization', authorizationHeader(token))
      return options.fetch(input, { ...init, ...body.toSend(), headers })
    }

    const granted = await handle.getToken(wish)
    if (!granted.ok) throw granted.error
    const first = await send(granted.value.token)
    if (!isPerhapsRefusal(first, request)) return first

    const report = await describeRefusal(first, granted.value.token, clock)
    const rejection = await handle.reportRejection(report, wish)
    if (!hasNewerToken(rejection)) return noted(first, rejection)
    if (!body.isReplayable) {
      return noted(first, { kind: 'replay_skipped', reason: 'body_not_replayable' })
    }
    if (first.redirected && !isSafe(request.method)) {
      return noted(first, { kind: 'replay_skipped', reason: 'redirected' })
    }

    // Frees the connection; what the API had to say has been read.
    first.body?.cancel().catch(() => {})
    const second = await send(rejection.token)
    if (isPerhapsRefusal(second, request)) {
      // Reported so that this token is not sent again either; the caller need not wait for another.
      const again = await describeRefusal(second, rejection.token, clock)
      handle.reportRejection(again).catch(() => {})
    }
    return noted(second, { kind: 'replayed', because: rejection.kind })
  }
}

interface RequestFacts {
  readonly url: URL
  readonly method: string
  /** The caller’s own. */
  readonly headers: Headers
  readonly signal: AbortSignal | undefined
}

/** Reads what `fetch` will make of its arguments. */
function readRequest(input: string | URL | Request, init: RequestInit | undefined): RequestFacts {
  const request = input instanceof Request ? input : undefined
  return {
    url: new URL(input instanceof Request ? input.url : input),
    method: (init?.method ?? request?.method ?? 'GET').toUpperCase(),
    headers: new Headers(init?.headers ?? request?.headers),
    signal: init?.signal ?? request?.signal,
  }
}

function requireSendable(
  { url, headers }: RequestFacts,
  permitted: readonly string[] | undefined,
  connection: string,
): void {
  const refuse = (detail: string, remedy: string): EvergrantError =>
    new EvergrantError('usage', `connection "${connection}": fetch() ${detail}`, { remedy })
  if (headers.has('authorization')) {
    throw refuse(
      'sets the "Authorization" header itself, but the call has one of its own',
      'Leave the header out, or call the platform’s fetch with a token of your own.',
    )
  }
  if (permitted !== undefined && !permitted.includes(url.origin)) {
    throw refuse(
      `sends tokens to ${permitted.join(', ')} alone, but was asked for ${url.origin}`,
      'Call an address of the connection’s own API.',
    )
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw refuse(
      `sends tokens by https, and by http to loopback, but was asked for ${url.origin}`,
      'Call the API by https.',
    )
  }
}

function isLoopback(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
}

/** Whether an answer is worth judging. One of another origin, after a redirect, never saw the token. */
function isPerhapsRefusal({ status, url }: Response, request: RequestFacts): boolean {
  if (status !== 401 && status !== 403) return false
  return url === '' || new URL(url).origin === request.url.origin
}

async function describeRefusal(
  answer: Response,
  token: AccessToken,
  clock: Clock,
): Promise<RejectionReport> {
  const { status, headers } = answer
  return { status, headers, body: await peekText(answer, clock, peekBounds), token }
}

function hasNewerToken(rejection: Rejection): rejection is Extract<Rejection, { token: unknown }> {
  return 'token' in rejection
}

function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

function noted(answer: Response, note: AnswerNote): Response {
  notes.set(answer, note)
  return answer
}
