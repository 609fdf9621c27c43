import type { Identity } from '../../identity/index.ts'
import type { BearerRequirement, Protection } from './protection.ts'

/** As much of Hono’s context as is needed. */
export interface HonoContext {
  readonly req: { readonly raw: Request }
}

/** Middleware in the form of Hono. */
export type HonoMiddleware = (
  context: HonoContext,
  next: () => Promise<void>,
) => Promise<Response | undefined>

/** Makes the middleware: callers without a token that holds are answered and go no further. */
export function honoMiddleware(
  protection: Protection,
  remember: (request: Request, identity: Identity) => void,
  requirement: BearerRequirement,
): HonoMiddleware {
  return async ({ req: { raw } }, next) => {
    // Headers that came twice are one here, joined by a comma, which no credential has.
    const authorization = raw.headers.get('authorization') ?? undefined
    const headers = authorization === undefined ? {} : { authorization }
    const { identity, answer } = await protection.check(headers, undefined, requirement)
    if (identity === undefined) {
      return new Response(answer.body, { status: answer.status, headers: answer.headers })
    }
    remember(raw, identity)
    await next()
    return undefined
  }
}
