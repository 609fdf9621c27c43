import type { AnswerHeaders } from '../../src/gateway/answer-headers.ts'
import type { PeekedAnswer } from '../../src/gateway/answer.ts'
import { Secret } from '../../src/kernel/index.ts'

/** An answer of an API in a test; what is left out is unremarkable. */
export interface AnswerParts {
  readonly status: number
  readonly headers?: AnswerHeaders
  readonly body?: string
  /** Instead of `body`. */
  readonly json?: unknown
  readonly isBodyComplete?: boolean
  readonly method?: string
  readonly path?: string
  readonly tokenAgeMs?: number
}

/** Makes an answer to a token that lives for an hour. */
export function peekedAnswer(parts: AnswerParts): PeekedAnswer {
  const { json, body, headers, ...rest } = parts
  const text = json === undefined ? body : JSON.stringify(json)
  const isJson = json !== undefined && headers === undefined
  return {
    isBodyComplete: true,
    method: 'GET',
    path: '/v1/things',
    tokenAgeMs: 10_000,
    token: {
      secret: new Secret('the-very-token'),
      tokenType: 'Bearer',
      issuedAt: 1_700_000_000_000,
      expiresAt: 1_700_003_600_000,
    },
    headers: headers ?? (isJson ? { 'content-type': 'application/json' } : {}),
    ...(text === undefined ? {} : { body: text }),
    ...rest,
  }
}
