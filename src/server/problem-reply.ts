import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { challengeOf } from '../access/index.ts'
import { EvergrantError, isEvergrantError, maskOwnSecrets } from '../kernel/index.ts'

/** Answers every error of an application as problem+json (RFC 9457), and what nobody routes as 404. */
export function answerWithProblems(
  app: FastifyInstance,
  onFault: (fault: unknown, request: FastifyRequest) => void,
): void {
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const detail = `there is no ${request.method} ${maskOwnSecrets(path).slice(0, 200)}`
    return sendProblem(reply, request, new EvergrantError('route_unknown', detail))
  })
  app.setErrorHandler((error: FastifyError | EvergrantError, request, reply) => {
    const known = asKnown(error)
    if (known.code === 'internal') onFault(error, request)
    return sendProblem(reply, request, known)
  })
}

/**
 * Answers what Fastify refuses before it has a route, such as half an escape in a path. Nothing of
 * the path is repeated.
 */
export function answerFrameworkError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const isBadPath = error.code === 'FST_ERR_BAD_URL'
  const words = 'the path has a "%" that two hexadecimal digits of UTF-8 do not follow'
  const known = isBadPath ? new EvergrantError('request_invalid', words) : asKnown(error)
  void sendProblem(reply, request, known)
}

/** Sends an error with what HTTP says besides: Retry-After and the challenge of RFC 6750. */
export function sendProblem(
  reply: FastifyReply,
  request: FastifyRequest,
  error: EvergrantError,
): FastifyReply {
  const { status, headers, body } = problemAnswer(error, request.id)
  return reply.code(status).headers(headers).send(body)
}

/** An error as an answer of HTTP, for whoever writes one by hand. */
export interface ProblemAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** An error as problem+json with its headers. @param status In place of the error’s own */
export function problemAnswer(
  error: EvergrantError,
  requestId: string,
  status: number = error.definition.status,
): ProblemAnswer {
  const problem = { ...error.toProblem(requestId), status }
  const challenge = challengeOf(error)
  return {
    status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      'evergrant-request-id': requestId,
      ...(problem.retry_after === undefined ? {} : { 'retry-after': String(problem.retry_after) }),
      ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
    },
    body: JSON.stringify(problem),
  }
}

/** What Fastify refuses by itself, in our words; everything unknown is a fault of ours. */
export function asKnown(error: FastifyError | EvergrantError): EvergrantError {
  if (isEvergrantError(error)) return error
  const { statusCode = 500, message } = error
  if (error.code === 'FST_ERR_MAX_PARAM_LENGTH') {
    return new EvergrantError('route_unknown', 'a part of the path is longer than any name')
  }
  if (statusCode === 415) return new EvergrantError('media_type_unsupported', message)
  if (statusCode === 413) return new EvergrantError('request_too_large', message)
  if (statusCode >= 400 && statusCode < 500) return new EvergrantError('request_invalid', message)
  return new EvergrantError('internal', 'a fault of ours ended the request', { cause: error })
}
