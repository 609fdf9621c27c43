import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import type { Identity } from '../../identity/index.ts'
import type { BearerRequirement, Protection } from './protection.ts'

/** Makes an `onRequest` hook: before the body is read, callers without a token that holds leave. */
export function fastifyHook(
  protection: Protection,
  remember: (request: FastifyRequest, identity: Identity) => void,
  requirement: BearerRequirement,
): onRequestAsyncHookHandler {
  return async (request, reply) => {
    const { identity, answer } = await protection.check(
      request.headers,
      request.raw.rawHeaders,
      requirement,
    )
    if (identity === undefined) {
      return reply.code(answer.status).headers(answer.headers).send(answer.body)
    }
    remember(request, identity)
  }
}
