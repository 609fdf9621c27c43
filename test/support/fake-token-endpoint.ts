import type { Clock } from '../../src/kernel/index.ts'

/** A token request as it arrived. */
export interface TokenRequest {
  readonly number: number
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
    fetch: async (_url, init) => {
      const signal = init?.signal
      const request = {
        number: requests.length + 1,
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
