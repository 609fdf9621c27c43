import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  csrfOf,
  type AuditDesk,
  type ConsoleDesk,
  type ConsoleSessionRecord,
} from '../access/index.ts'
import { EvergrantError, isEvergrantError, type Clock } from '../kernel/index.ts'
import { clearCookie, cookieOf, requireSameOrigin, setCookie } from './console-cookie.ts'
import type { ConsoleGate } from './console-gate.ts'
import { renderLeaving, renderLink, renderSignIn, renderSignInError } from './console-pages.ts'
import {
  callbackPath,
  consoleRedirectUri,
  localReturn,
  refusedPath,
  signInPath,
} from './console-paths.ts'
import { signInLifeMs, type ConsoleSignIn } from './console-sign-in.ts'
import { createFailureWindows } from './failure-windows.ts'
import { pageHeaders } from './page.ts'
import type { RefusalNotices } from './refusal-notice.ts'
import type { ServicePart } from './service.ts'

/** What the pages of the sign-in rest on. */
export interface ConsoleSignInParts {
  readonly desk: ConsoleDesk
  readonly gate: ConsoleGate
  readonly signIn: ConsoleSignIn
  readonly audit: AuditDesk
  readonly notices: RefusalNotices
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly publicUrl: () => string
  readonly isEnabled: () => boolean
  readonly addressOf: (request: FastifyRequest) => string
}

interface LinkRoute {
  readonly Params: { readonly token: string }
}

/** Most bytes of a form of ours. */
const formLimit = 4_096
/**
 * Links that are tried in vain within a minute. Nobody guesses 256 bits; a limit for all together
 * would only let strangers keep everybody out.
 */
const linkLimits = { perAddress: 20, overall: Number.POSITIVE_INFINITY, windowMs: 60_000 }

/** Adds what signs people in to the console and out of it: pages without script, and two calls. */
export function consoleSignInRoutes(parts: ConsoleSignInParts): ServicePart {
  return async (app) => {
    await app.register(async (scope) => {
      scope.addContentTypeParser(
        'application/x-www-form-urlencoded',
        { parseAs: 'string', bodyLimit: formLimit },
        async (_request: FastifyRequest, body: string | Buffer) =>
          Object.fromEntries(new URLSearchParams(body.toString())),
      )
      scope.addHook('onRequest', async () => {
        if (parts.isEnabled()) return
        throw new EvergrantError('route_unknown', '"server.console.enabled" is false')
      })
      addCalls(scope, parts)
      await scope.register(async (pages) => {
        pages.setErrorHandler((error: Error, request, reply) => {
          if (!isEvergrantError(error)) throw error
          const { definition, retryAfterMs } = error
          reply.code(definition.status).headers(pageHeaders())
          if (retryAfterMs !== undefined) {
            reply.header('retry-after', Math.ceil(retryAfterMs / 1_000))
          }
          return reply.send(renderSignInError(error, request.id))
        })
        addSignIn(pages, parts)
        addLinks(pages, parts)
      })
    })
  }
}

function addCalls(
  app: FastifyInstance,
  { desk, gate, audit, publicUrl }: ConsoleSignInParts,
): void {
  app.get('/console/session', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const known = await gate.authenticate(request, true)
    if (known === undefined) {
      throw new EvergrantError('console_signed_out', 'no cookie of the console came with the call')
    }
    if (!known.ok) throw known.error
    const found = desk.sessionOf(known.value)
    const secret = cookieOf(request, 'session', publicUrl())
    if (found === undefined || secret === undefined) throw new Error('the session has no record')
    const { session, idleEndsAt } = found
    const { id, name, role = null } = known.value
    const { issuer = null, expiresAt } = session
    return reply.send({
      name,
      role,
      caller_id: id,
      csrf: csrfOf(secret),
      expires_at: new Date(expiresAt).toISOString(),
      idle_expires_at: new Date(idleEndsAt).toISOString(),
      sign_in: { kind: issuer === null ? 'link' : 'issuer', issuer },
    })
  })

  app.post('/console/sign-out', async (request, reply) => {
    reply.headers({ 'cache-control': 'no-store' })
    // Also without the cookie, which other sites’ forms do not bring: the answer takes it away.
    requireSameOrigin(request, publicUrl())
    const known = await gate.authenticate(request, false)
    const isOurs = known === undefined || known.ok || known.error.definition.status === 401
    if (!isOurs) throw known.error
    const secret = cookieOf(request, 'session', publicUrl())
    const ended = secret === undefined ? undefined : await desk.signOut(secret)
    if (ended !== undefined) await note(audit, 'console.sign_out', ended, request)
    return reply.code(204).header('set-cookie', clearCookie('session', publicUrl())).send()
  })
}

function addSignIn(app: FastifyInstance, parts: ConsoleSignInParts): void {
  const { signIn, publicUrl, addressOf, notices } = parts
  const senderOf = (request: FastifyRequest): { requestId: string; address: string } => ({
    requestId: request.id,
    address: addressOf(request),
  })

  app.get<{ Querystring: { return_to?: string } }>(signInPath, async (request, reply) => {
    const returnTo = localReturn(request.query.return_to)
    return reply
      .headers(pageHeaders(`'self'`))
      .send(renderSignIn(signIn.choices(), returnTo, consoleRedirectUri(publicUrl())))
  })

  app.post(signInPath, async (request, reply) => {
    requireSameOrigin(request, publicUrl())
    const fields = fieldsOf(request.body)
    const issuer = fields.get('issuer') ?? ''
    const tenant = fields.get('tenant')
    const choice = { issuer, ...(tenant === undefined ? {} : { tenant }) }
    const returnTo = localReturn(fields.get('return_to'))
    const { url, secret } = await signIn.begin(choice, returnTo, senderOf(request))
    return reply
      .headers(pageHeaders())
      .header('set-cookie', setCookie('sign-in', publicUrl(), secret, signInLifeMs))
      .send(renderLeaving(issuer, url))
  })

  app.get(callbackPath, { exposeHeadRoute: false }, async (request, reply) => {
    const cut = request.url.indexOf('?')
    const answer = new URLSearchParams(cut === -1 ? '' : request.url.slice(cut + 1))
    try {
      const brought = cookieOf(request, 'sign-in', publicUrl())
      return await enter(parts, request, reply, async () => {
        const begun = await signIn.finish(brought, answer, senderOf(request))
        reply.header('set-cookie', clearCookie('sign-in', publicUrl()))
        return begun
      })
    } catch (error) {
      if (!isEvergrantError(error) || !answer.has('code')) throw error
      const seen = notices.seal({ error, about: request.id })
      return reply
        .code(303)
        .headers({ ...pageHeaders(), location: `${refusedPath}?seen=${seen}` })
        .send('')
    }
  })

  app.get<{ Querystring: { seen?: unknown } }>(refusedPath, async (request, reply) => {
    const notice = notices.open(request.query.seen)
    if (notice === undefined) return reply.redirect(signInPath, 303)
    const { error, about = request.id } = notice
    return reply
      .code(error.definition.status)
      .headers(pageHeaders())
      .send(renderSignInError(error, about))
  })
}

/** The texts of a form; of JSON, which anybody may send as well, what is no text is nothing. */
function fieldsOf(body: unknown): ReadonlyMap<string, string> {
  const fields: readonly [string, unknown][] = Object.entries(Object(body) as object)
  return new Map(fields.filter((field): field is [string, string] => typeof field[1] === 'string'))
}

function addLinks(app: FastifyInstance, parts: ConsoleSignInParts): void {
  const { desk, clock, publicUrl, addressOf } = parts
  const failures = createFailureWindows(clock, linkLimits)
  const guarded = async <T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> => {
    const address = addressOf(request)
    const leftMs = failures.waitOf(address)
    if (leftMs !== undefined) {
      throw new EvergrantError('caller_throttled', 'too many links were tried in vain', {
        retryAfterMs: Math.ceil(leftMs),
      })
    }
    try {
      return await work()
    } catch (error) {
      if (isEvergrantError(error) && error.code === 'console_link_invalid') failures.note(address)
      throw error
    }
  }

  app.get<LinkRoute>(`${signInPath}/link/:token`, async (request, reply) => {
    const { token } = request.params
    const link = await guarded(request, () => desk.readLink(token))
    return reply.headers(pageHeaders(`'self'`)).send(renderLink(link, token))
  })

  app.post<LinkRoute>(`${signInPath}/link/:token`, async (request, reply) => {
    requireSameOrigin(request, publicUrl())
    return await enter(parts, request, reply, async () => {
      const begun = await guarded(request, () => desk.spendLink(request.params.token))
      return { ...begun, returnTo: localReturn(undefined) }
    })
  })
}

/** Leads into the console with a new session; one that the browser had before is over. */
async function enter(
  { desk, audit, clock, publicUrl }: ConsoleSignInParts,
  request: FastifyRequest,
  reply: FastifyReply,
  begin: () => Promise<{
    readonly session: ConsoleSessionRecord
    readonly secret: string
    readonly returnTo: string
  }>,
): Promise<FastifyReply> {
  // Read before anything is spent: a cookie that a neighbour planted refuses the request.
  const before = cookieOf(request, 'session', publicUrl())
  const { session, secret, returnTo } = await begin()
  if (before !== undefined) await desk.signOut(before)
  // Nobody is in who is not recorded: without the cookie nobody has the secret of the session.
  await note(audit, 'console.sign_in', session, request)
  const lifeMs = session.expiresAt - clock.now()
  return reply
    .code(303)
    .headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
    .header('set-cookie', setCookie('session', publicUrl(), secret, lifeMs))
    .header('location', returnTo)
    .send()
}

function note(
  audit: AuditDesk,
  action: 'console.sign_in' | 'console.sign_out',
  { id, name, callerId, role, issuer }: ConsoleSessionRecord,
  request: FastifyRequest,
): Promise<void> {
  return audit.record({
    actor: `${name} (${callerId})`,
    actorKind: 'console',
    action,
    target: id,
    outcome: 'done',
    requestId: request.id,
    after: { role, issuer: issuer ?? null },
  })
}
