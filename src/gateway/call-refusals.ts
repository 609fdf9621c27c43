import type { IncomingMessage } from 'node:http'
import { EvergrantError } from '../kernel/index.ts'
import type { CallPlan } from './upstream-plan.ts'

/** Methods that are never forwarded: they would show the token to whoever called, or make a tunnel. */
const neverForwarded = new Set(['TRACE', 'TRACK', 'CONNECT'])

/** Headers in which many APIs take another method than that of the request line. */
const methodOverrides = ['x-http-method', 'x-http-method-override', 'x-method-override']

const allMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** Says why an upstream’s settings do not let a request pass; undefined when they do. */
export function refuseBySettings(
  plan: CallPlan,
  method: string,
  path: string,
  headers: IncomingMessage['headers'],
): EvergrantError | undefined {
  const { methods, isAllowedPath } = plan.lane
  const isRefused = (wanted: string): boolean =>
    neverForwarded.has(wanted) || (methods.size > 0 && !methods.has(wanted))
  if (isRefused(method)) {
    return new EvergrantError('method_not_allowed', `${method} does not pass to this upstream`)
  }
  for (const name of methodOverrides) {
    const wanted = headers[name]?.toString().trim().toUpperCase()
    if (wanted === undefined || !isRefused(wanted)) continue
    return new EvergrantError(
      'method_not_allowed',
      `the method in "${name}" does not pass to this upstream`,
    )
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
