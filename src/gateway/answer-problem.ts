import type { ServerResponse } from 'node:http'
import { challengeOf } from '../access/index.ts'
import type { EvergrantError } from '../kernel/index.ts'

/** What an answer of ours carries besides the problem. */
export interface ProblemOptions {
  readonly traceId: string
  readonly requestId: string
  /** Headers as a flat list. */
  readonly headers?: readonly string[]
  /** Instead of the registry’s. */
  readonly status?: number
  /** Whether the caller’s connection ends with the answer. */
  readonly endsConnection?: boolean
}

const plainChallenge = 'Bearer error="invalid_token"'

/** Answers with problem+json (RFC 9457); nothing of the response may have been sent yet. */
export function answerProblem(
  response: ServerResponse,
  error: EvergrantError,
  options: ProblemOptions,
): number {
  const { traceId, requestId, headers = [], endsConnection = false } = options
  const { retryAfterSeconds } = error
  const status = options.status ?? error.definition.status
  const body = Buffer.from(JSON.stringify({ ...error.toProblem(requestId), status }))
  const list = [
    'content-type',
    'application/problem+json',
    'content-length',
    String(body.length),
    'cache-control',
    'no-store',
    'evergrant-trace',
    traceId,
    'evergrant-request-id',
    requestId,
    ...headers,
  ]
  if (retryAfterSeconds !== undefined) {
    list.push('retry-after', String(Math.max(1, retryAfterSeconds)))
  }
  if (!headers.includes('www-authenticate')) {
    const challenge = challengeOf(error) ?? (status === 401 ? plainChallenge : undefined)
    if (challenge !== undefined) list.push('www-authenticate', challenge)
  }
  if (endsConnection) list.push('connection', 'close')
  response.writeHead(status, list)
  response.end(body)
  return body.length
}
