import type { FastifyRequest, preHandlerAsyncHookHandler } from 'fastify'
import {
  requireRole,
  type Caller,
  type CallerDirectory,
  type Operation,
  type Release,
} from '../access/index.ts'
import { isEvergrantError } from '../kernel/index.ts'

const callers = new WeakMap<FastifyRequest, Caller>()

/** Who makes a request that `callerCheck` has let in. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request)
  if (caller === undefined) throw new Error('the route is not protected')
  return caller
}

/** Who makes a request, as far as that is known. */
export function knownCallerOf(request: FastifyRequest): Caller | undefined {
  return callers.get(request)
}

/**
 * Makes the check that stands before a protected route: a known caller, within its limits, whose
 * role allows the operation.
 *
 * @throws EvergrantError `caller_unauthenticated`, `caller_throttled`, `role_missing`, `store_*`
 */
export function callerCheck(
  directory: CallerDirectory,
  operation: Operation,
): preHandlerAsyncHookHandler {
  return async (request, reply) => {
    const known = await directory.authenticate(
      request.headers,
      request.raw.rawHeaders,
      () => request.id,
    )
    if (!known.ok) throw known.error
    const caller = known.value
    callers.set(request, caller)
    const refusal = requireRole(caller, operation)
    if (refusal !== undefined) throw refusal
    const admitted = directory.admit(caller)
    if (isEvergrantError(admitted)) throw admitted
    const release: Release = admitted
    reply.raw.once('close', release)
  }
}
