import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Authenticated, Caller, CallerDirectory } from '../access/index.ts'
import { EvergrantError, isEvergrantError, type Clock } from '../kernel/index.ts'
import { identityHeaders } from './auth-verify-headers.ts'
import {
  noWish,
  ownPart,
  readVerifyWish,
  refuseByWish,
  type VerifyWish,
} from './auth-verify-request.ts'
import { problemAnswer } from './problem-reply.ts'
import type { RawDoor } from './service.ts'

/** What answers to proxies are made of. */
export interface AuthVerifyOptions {
  readonly callers: Pick<CallerDirectory, 'authenticate' | 'admit'>
  readonly clock: Pick<Clock, 'monotonic'>
  /** Undefined while no issuer’s tokens are accepted. */
  readonly resourceMetadata: () => string | undefined
  readonly newRequestId: (request: IncomingMessage) => string
  /** Told of every answer. */
  readonly onAnswer: (answer: VerifyAnswer) => void
  readonly onFault: (fault: unknown) => void
}

/** One answer, for log and metrics. */
export interface VerifyAnswer {
  readonly method: string
  readonly status: number
  readonly durationMs: number
  /** Of refusals alone. */
  readonly requestId?: string
  readonly code?: string
  readonly caller?: Caller
}

const door = '/auth/verify'
/** Queries that were read, as many as are remembered: proxies send the same one each time. */
const mostWishes = 256

/**
 * Answers reverse proxies that ask whether a request may pass, and whose it is: 200 with the caller
 * in headers and no body, or a refusal with a challenge and a problem. Any method; below
 * `/auth/verify/` as well, where Envoy puts the path of the request: then there is no query, as it
 * would be the client’s. At once when everything is in memory.
 */
export function createAuthVerify(options: AuthVerifyOptions): RawDoor {
  const { callers, clock, resourceMetadata, newRequestId, onAnswer, onFault } = options
  const wishes = new Map<string, VerifyWish | EvergrantError>()
  const headers = new WeakMap<Caller, readonly string[]>()

  function wishOf(url: string): VerifyWish | EvergrantError {
    // A path that was appended brings the client’s query with it.
    if (url[door.length] !== '?') return noWish
    const query = ownPart(url.slice(door.length + 1))
    const known = wishes.get(query)
    if (known !== undefined) return known
    const wish = readVerifyWish(query)
    if (wishes.size >= mostWishes) wishes.clear()
    wishes.set(query, wish)
    return wish
  }

  function headersOf(caller: Caller): readonly string[] {
    const known = headers.get(caller)
    if (known !== undefined) return known
    const made = [...identityHeaders(caller), 'cache-control', 'no-store', 'content-length', '0']
    headers.set(caller, made)
    return made
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const beganAt = clock.monotonic()
    const { method = '', url = '', rawHeaders } = request
    let id: string | undefined
    const requestId = (): string => (id ??= newRequestId(request))
    const wish = wishOf(url)

    const done = (status: number, more: Partial<VerifyAnswer> = {}): void => {
      onAnswer({ method, status, durationMs: clock.monotonic() - beganAt, ...more })
    }
    const refuse = (error: EvergrantError, caller?: Caller): void => {
      const { status } = error.definition
      const isPlain = status === 401 || status === 403 || isEvergrantError(wish)
      const told = isPlain || !wish.tellsUnavailableAs403 ? status : 403
      const answer = problemAnswer(error, requestId(), told)
      response.writeHead(told, {
        ...answer.headers,
        'content-length': String(Buffer.byteLength(answer.body)),
        ...(told === status ? {} : { 'evergrant-status': String(status) }),
      })
      response.end(answer.body)
      done(told, {
        requestId: requestId(),
        code: error.code,
        ...(caller === undefined ? {} : { caller }),
      })
    }
    const settle = (known: Authenticated): void => {
      if (!known.ok) return refuse(known.error)
      if (isEvergrantError(wish)) return refuse(wish)
      const caller = known.value
      const refusal = refuseByWish(wish, caller, resourceMetadata())
      if (refusal !== undefined) return refuse(refusal, caller)
      const release = callers.admit(caller)
      if (isEvergrantError(release)) return refuse(release, caller)
      release()
      response.writeHead(200, headersOf(caller) as string[])
      response.end()
      done(200)
    }
    const fail = (fault: unknown): void => {
      if (!isEvergrantError(fault)) onFault(fault)
      if (response.headersSent) return void response.destroy()
      refuse(
        isEvergrantError(fault)
          ? fault
          : new EvergrantError('internal', 'a fault of ours ended the request', { cause: fault }),
      )
    }
    try {
      const known = callers.authenticate(request.headers, rawHeaders, requestId)
      if (known instanceof Promise) known.then(settle).catch(fail)
      else settle(known)
    } catch (fault) {
      fail(fault)
    }
  }

  return {
    handles: (url) =>
      url.startsWith(door) && (url.length === door.length || /[/?]/.test(url[door.length] ?? '')),
    handle,
  }
}
