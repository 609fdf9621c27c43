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
    const settle = ({ identity, answer }: BearerCheck): boolean => {
      if (identity !== undefined) remember(request, identity)
      // Something before us may have answered meanwhile, such as a deadline.
      else if (response.headersSent) response.end()
      else response.writeHead(answer.status, answer.headers).end(answer.body)
      return identity !== undefined
    }
    const goOn = (isLetIn: boolean): void => {
      if (isLetIn) next()
    }
    // That is how Express is told. What a handler throws is its own: it is never called twice.
    // oxlint-disable-next-line promise/no-callback-in-promise, promise/prefer-await-to-then
    void protection
      .check(request.headers, request.rawHeaders, requirement)
      .then(settle)
      .then(goOn, next)
  }
}
