import type { IncomingMessage } from 'node:http'
import { EvergrantError } from '../kernel/index.ts'
import type { CallPlan } from './upstream-plan.ts'

/** Methods that are never forwarded: they would show the token to whoever called, or make a tunnel. */
const neverForwarded = new Set(['TRACE', 'TRACK', 'CONNECT'])

const allMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** Says why an upstream’s settings do not let a request pass; undefined when they do. */
export function refuseBySettings(
  plan: CallPlan,
  method: string,
  path: string,
): EvergrantError | undefined {
  const { methods, isAllowedPath } = plan.lane
  if (neverForwarded.has(method) || (methods.size > 0 && !methods.has(method))) {
    return new EvergrantError('method_not_allowed', `${method} does not pass to this upstream`)
  }
  if (!isAllowedPath(path === '' ? '/' : path)) {
    return new EvergrantError('path_not_allowed', `this path does not pass to this upstream`)
  }
  return undefined
}

/** The value of `Allow` for a plan. */
export function allowedMethods({ lane }: CallPlan): string {
  return lane.methods.size === 0 ? allMethods : [...lane.methods].join(', ')
}

/**
 * Says why a request’s framing could be read in two ways; undefined when it cannot. Node’s parser
 * refuses most of this before it comes here.
 */
export function refuseFraming(request: IncomingMessage): EvergrantError | undefined {
  const { headers } = request
  const transfer = headers['transfer-encoding']
  const length = headers['content-length']
  if (transfer === undefined) {
    if (length === undefined || /^\d{1,15}$/.test(length)) return undefined
    return new EvergrantError('request_malformed', 'its Content-Length is no number')
  }
  if (length !== undefined) {
    const words = 'it has both Transfer-Encoding and Content-Length'
    return new EvergrantError('request_malformed', words)
  }
  if (transfer.trim().toLowerCase() === 'chunked') return undefined
  return new EvergrantError('request_malformed', 'its Transfer-Encoding is not "chunked"')
}
