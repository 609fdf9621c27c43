import type { FastifyRequest } from 'fastify'
import {
  csrfOf,
  isSame,
  type Authenticated,
  type CallerDirectory,
  type ConsoleDesk,
} from '../access/index.ts'
import { err, EvergrantError, isEvergrantError } from '../kernel/index.ts'
import { cookieOf, requireSameOrigin } from './console-cookie.ts'

/** Knows people at the console by their cookie. */
export interface ConsoleGate {
  /**
   * Who makes a request; undefined when no cookie of the console came with it, or another
   * credential did, which counts alone.
   *
   * @param isUse Whether it moves the idle end of the session. A request that the console makes by
   *   itself says so in `Evergrant-Background`, and moves none either.
   * @returns `csrf_refused`, `credential_malformed`, and what the desk refuses
   */
  authenticate(
    request: FastifyRequest,
    isUse: boolean,
  ): Authenticated | Promise<Authenticated> | undefined
}

/** Who comes with a key or token, and, where a route takes it, with a cookie. */
export interface Door extends Pick<CallerDirectory, 'authenticate' | 'admit'> {
  readonly console?: ConsoleGate | undefined
}

/** Makes the gate. */
export function createConsoleGate(
  desk: Pick<ConsoleDesk, 'authenticate'>,
  publicUrl: () => string,
  isEnabled: () => boolean,
): ConsoleGate {
  return {
    authenticate: (request, isUse) => {
      const { authorization, 'evergrant-key': key } = request.headers
      if (authorization !== undefined || key !== undefined || !isEnabled()) return undefined
      try {
        const secret = cookieOf(request, 'session', publicUrl())
        if (secret === undefined) return undefined
        requireSameOrigin(request, publicUrl())
        requireCsrf(request, secret)
        const isByItself = request.headers['evergrant-background'] !== undefined
        const known = desk.authenticate(secret, isUse && !isByItself)
        return known instanceof Promise ? known.catch(foreseen) : known
      } catch (error) {
        if (isEvergrantError(error)) return err(error)
        throw error
      }
    },
  }
}

/** @throws EvergrantError `csrf_refused` */
function requireCsrf({ method, headers }: FastifyRequest, secret: string): void {
  if (method === 'GET' || isSame(headers['evergrant-csrf'], csrfOf(secret))) return
  throw new EvergrantError(
    'csrf_refused',
    'expected the "csrf" of GET /console/session in the header "Evergrant-Csrf"',
  )
}

function foreseen(error: unknown): Authenticated {
  if (isEvergrantError(error)) return err(error)
  throw error
}
