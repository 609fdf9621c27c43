import type { Clock } from '../../src/kernel/index.ts'

/** A token request as it arrived. */
export interface TokenRequest {
  readonly number: number
  readonly url: string
  readonly form: URLSearchParams
}

/** Answers a token request. */
export type TokenAnswer = (request: TokenRequest) => Response | Promise<Response>

/** A token endpoint behind an injected `fetch`, without a socket. */
export interface FakeTokenEndpoint {
  readonly fetch: typeof fetch
  readonly requests: readonly TokenRequest[]
  /** When each request came (epoch ms). */
  readonly requestedAt: readonly number[]
  answer: TokenAnswer
  /** Resolves as soon as `count` requests came in all. */
  arrival(count: number): Promise<void>
}

/** Makes an endpoint that issues `token-1`, `token-2` … of an hour until told otherwise. */
export function createFakeTokenEndpoint(clock: Clock): FakeTokenEndpoint {
  const requests: TokenRequest[] = []
  const requestedAt: number[] = []
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  const endpoint: FakeTokenEndpoint = {
    requests,
    requestedAt,
    answer: (request) => issue(request),
    arrival: (count) =>
      new Promise((resolve) => {
        if (requests.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    fetch: async (input, init) => {
      const signal = init?.signal
      const request = {
        number: requests.length + 1,
        url: input instanceof Request ? input.url : String(input),
        form: new URLSearchParams(init?.body as URLSearchParams),
      }
      requests.push(request)
      requestedAt.push(clock.now())
      for (const { count, resolve } of waiting) if (requests.length >= count) resolve()
      const aborted = new Promise<never>((_resolve, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason as Error)),
      )
      aborted.catch(() => {})
      return Promise.race([endpoint.answer(request), aborted])
    },
  }
  return endpoint
}

/** A token answer; `life` in seconds. */
export function issue(
  { number }: Pick<TokenRequest, 'number'>,
  life = 3_600,
  more: Readonly<Record<string, unknown>> = {},
): Response {
  return Response.json({
    token_type: 'Bearer',
    expires_in: life,
    access_token: `token-${number}`,
    ...more,
  })
}

/** An error answer. */
export function refuse(
  status: number,
  error: string,
  code?: number,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const codes = code === undefined ? {} : { error_codes: [code] }
  return Response.json({ error, ...codes }, { status, headers })
}

/** What a provider may do with a token request besides answering it. */
export type Mishap =
  /** Answers without having done anything. */
  | { readonly kind: 'instead'; readonly answer: () => Response }
  /** Does everything, then answers something else. */
  | { readonly kind: 'after'; readonly answer: () => Response }
  /** The connection is reset: before anything arrived, or after all was done. */
  | { readonly kind: 'reset'; readonly isDone: boolean }
  /** Nothing listens there. */
  | { readonly kind: 'refused_connection' }

/** How an endpoint that rotates refresh tokens treats used ones. */
export interface RotationRules {
  readonly model: 'strict' | 'overlap'
  readonly graceMs: number
}

/** A token endpoint that rotates refresh tokens and notices when one is used again. */
export interface RotatingEndpoint extends FakeTokenEndpoint {
  /** Taken by the next requests, one each; undefined lets a request pass. */
  readonly mishaps: (Mishap | undefined)[]
  /** When each refresh token was redeemed, in order (epoch ms); what never arrived is not there. */
  readonly sent: ReadonlyMap<string, readonly number[]>
  /** How often a used refresh token came again after its grace: each ends the whole family. */
  readonly reuses: number
  /** Requests to the revocation endpoint, by what they revoked. */
  readonly revoked: readonly string[]
  /** Makes every refresh token unknown, as an administrator’s revocation does. */
  endFamily(): void
}

/** Makes an endpoint whose first refresh token is `rt-1`; tokens live an hour. */
export function createRotatingEndpoint(clock: Clock, rules: RotationRules): RotatingEndpoint {
  const sent = new Map<string, number[]>()
  const usedAt = new Map<string, number>()
  const mishaps: (Mishap | undefined)[] = []
  const revoked: string[] = []
  let issued = 1
  let reuses = 0
  let isEnded = false
  const known = new Set(['rt-1'])

  const redeem = ({ form, number }: TokenRequest): Response => {
    const token = form.get('refresh_token') ?? ''
    sent.set(token, [...(sent.get(token) ?? []), clock.now()])
    const firstUse = usedAt.get(token)
    if (isEnded || !known.has(token)) return refuse(400, 'invalid_grant')
    if (rules.model === 'strict' && firstUse !== undefined) {
      if (clock.now() - firstUse > rules.graceMs) {
        reuses++
        isEnded = true
        return refuse(400, 'invalid_grant')
      }
    }
    usedAt.set(token, firstUse ?? clock.now())
    const next = `rt-${++issued}`
    known.add(next)
    return issue({ number }, 3_600, { refresh_token: next })
  }

  const base = createFakeTokenEndpoint(clock)
  const endpoint: RotatingEndpoint = Object.assign(base, {
    mishaps,
    sent,
    reuses: 0,
    revoked,
    endFamily: () => {
      isEnded = true
    },
  })
  Object.defineProperty(endpoint, 'reuses', { get: () => reuses })
  endpoint.answer = (request) => {
    const { form } = request
    if (form.has('token')) {
      revoked.push(form.get('token') ?? '')
      return new Response(null, { status: 200 })
    }
    const mishap = mishaps.shift()
    const answer = (): Response =>
      form.get('grant_type') === 'refresh_token' ? redeem(request) : issue(request)
    switch (mishap?.kind) {
      case 'instead':
        return mishap.answer()
      case 'after':
        answer()
        return mishap.answer()
      case 'reset':
        if (mishap.isDone) answer()
        throw networkError('ECONNRESET')
      case 'refused_connection':
        throw networkError('ECONNREFUSED')
      case undefined:
        break
    }
    return answer()
  }
  return endpoint
}

function networkError(code: string): Error {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })
}
