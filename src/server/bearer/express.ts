import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Identity } from '../../identity/index.ts'
import type { BearerCheck, BearerRequirement, Protection } from './protection.ts'

/** Middleware in the form of Express and Connect; a plain `node:http` server can call it, too. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/** Makes the middleware: callers without a token that holds are answered and go no further. */
export function expressMiddleware(
  protection: Protection,
  remember: (request: IncomingMessage, identity: Identity) => void,
  requirement: BearerRequirement,
): ExpressMiddleware {
  return (request, response, next) => {
    const settle = ({ identity, answer }: BearerCheck): void => {
      if (identity !== undefined) {
        remember(request, identity)
        next()
        return
      }
      response.writeHead(answer.status, answer.headers).end(answer.body)
    }
    // That is how Express is told.
    // oxlint-disable-next-line promise/no-callback-in-promise
    protection.check(request.headers, request.rawHeaders, requirement).then(settle).catch(next)
  }
}
