import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  requireRole,
  type Authenticated,
  type Caller,
  type Operation,
  type Release,
} from '../access/index.ts'
import { isEvergrantError } from '../kernel/index.ts'
import type { Door } from './console-gate.ts'

/** Stands before a route: lets a request in, or throws. */
export type RequestCheck = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

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
export function callerCheck(door: Door, operation: Operation): RequestCheck {
  return async (request, reply) => await checkCaller(door, operation, request, reply)
}

/** The same check for whoever brings a credential; whoever brings none is let in as nobody. */
export function openCheck(door: Door, operation: Operation): RequestCheck {
  return async (request, reply) => {
    const { authorization, 'evergrant-key': key } = request.headers
    if (authorization === undefined && key === undefined) return
    await checkCaller(door, operation, request, reply)
  }
}

/**
 * Who makes a request that was let in, asked again; undefined when it would be refused now. What
 * cannot be told, as the store or an issuer is away, changes nothing.
 */
export async function callerNow(
  door: Pick<Door, 'authenticate' | 'console'>,
  operation: Operation,
  request: FastifyRequest,
): Promise<Caller | undefined> {
  const known = await authenticate(door, request, false)
  if (known.ok) return requireRole(known.value, operation) === undefined ? known.value : undefined
  const { status } = known.error.definition
  return status === 429 || status >= 500 ? callerOf(request) : undefined
}

function authenticate(
  door: Pick<Door, 'authenticate' | 'console'>,
  request: FastifyRequest,
  isUse: boolean,
): Authenticated | Promise<Authenticated> {
  const { headers, raw, id } = request
  return (
    door.console?.authenticate(request, isUse) ??
    door.authenticate(headers, raw.rawHeaders, () => id)
  )
}

async function checkCaller(
  door: Door,
  operation: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const known = await authenticate(door, request, true)
  if (!known.ok) throw known.error
  const caller = known.value
  callers.set(request, caller)
  const refusal = requireRole(caller, operation)
  if (refusal !== undefined) throw refusal
  const admitted = door.admit(caller)
  if (isEvergrantError(admitted)) throw admitted
  const release: Release = admitted
  reply.raw.once('close', release)
}
