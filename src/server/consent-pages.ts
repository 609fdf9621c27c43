import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { addressOf, newBrowserSecret, type ConsentLink } from '../consent/index.ts'
import {
  EvergrantError,
  isEvergrantError,
  systemRandom,
  type Clock,
  type Secret,
} from '../kernel/index.ts'
import type { Composition } from './compose.ts'
import { addressIn, consentCallback } from './consent-address.ts'
import { consentCookie, readConsentCookie } from './consent-cookie.ts'
import {
  codePage,
  departurePage,
  linkPage,
  progressPage,
  refusalPage,
  strangerPage,
  type ConsentPage,
} from './consent-page.ts'
import { createFailureWindows } from './failure-windows.ts'
import { pageHeaders } from './page.ts'
import { asKnown } from './problem-reply.ts'
import { createRefusalNotices } from './refusal-notice.ts'
import type { ServicePart } from './service.ts'

/** What the public pages of consent work with. */
export interface ConsentPagesOptions {
  readonly composition: Composition
  /** Where browsers see the service. */
  readonly publicUrl: () => string
  /** Where a request came from, for counting. */
  readonly addressOf: (request: FastifyRequest['raw']) => string
  readonly onFault: (fault: unknown) => void
}

/** The public pages, and what they have under way. */
export interface ConsentPages {
  readonly part: ServicePart
  /**
   * Resolves once every sign-in that came back here has had its trial, or has kept everybody
   * waiting: then it fails as one whose process is gone.
   */
  settle(): Promise<void>
}

/** For as long a code is good at most providers; counted from its arrival (ms). */
const codeLifeMs = 600_000
/** A cookie outlives its link by as long as a sign-in may take (ms). */
const signInMs = 3_600_000
/** How long trials keep a service from ending (ms). */
const mostSettlingMs = 15_000
/** Addresses of links are guessed by nobody; whoever tries is made to wait. */
const guesses = { perAddress: 20, overall: Number.POSITIVE_INFINITY, windowMs: 60_000 }
/** Sign-ins begun by one link within an hour: each is kept, and recorded for ever. */
const mostStarts = { perAddress: 10, overall: Number.POSITIVE_INFINITY, windowMs: 3_600_000 }

/**
 * Makes the pages below `/consent/` that people see who are not in the console: where sign-ins come
 * back to, what became of them, and the pages of hand-off links. No page needs a script, or may run
 * one; codes leave the address bar at once.
 */
export function createConsentPages(options: ConsentPagesOptions): ConsentPages {
  const { composition, onFault } = options
  const underWay = new Set<Promise<unknown>>()
  const follow = (finished: Promise<unknown>): void => {
    const ended = finished
      .catch((fault: unknown) => {
        if (!isEvergrantError(fault)) onFault(fault)
      })
      .finally(() => underWay.delete(ended))
    underWay.add(ended)
  }
  return {
    part: async (app) => {
      await app.register(async (scope) => {
        // Forms of ours have no fields; whatever comes along is not looked at.
        scope.removeAllContentTypeParsers()
        scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: 1_024 }, async () => '')
        scope.setErrorHandler((error: FastifyError | EvergrantError, _request, reply) => {
          const known = asKnown(error)
          if (known.code === 'internal') onFault(error)
          if (known.retryAfterMs !== undefined) {
            reply.header('retry-after', Math.ceil(known.retryAfterMs / 1_000))
          }
          return send(reply, refusalPage(known))
        })
        addReturn(scope, options, follow)
        addLinks(scope, options, createFailureWindows(composition.clock, guesses))
      })
    },
    settle: async () => {
      const waited = Promise.withResolvers<void>()
      const cancel = composition.clock.schedule(mostSettlingMs, () => waited.resolve())
      await Promise.race([Promise.all(underWay), waited.promise])
      cancel()
    },
  }
}

interface Identified {
  readonly Params: { readonly id: string }
}

function addReturn(
  app: FastifyInstance,
  { composition, publicUrl }: ConsentPagesOptions,
  follow: (finished: Promise<unknown>) => void,
): void {
  const { consent, engine, clock } = composition
  const notices = createRefusalNotices(composition.vault)
  const quiet = { exposeHeadRoute: false }
  app.get('/consent/callback', quiet, async (request, reply) => {
    const { url = '' } = request.raw
    const cut = url.indexOf('?')
    const query = new URLSearchParams(cut === -1 ? '' : url.slice(cut + 1))
    const arrival = await consent.arrive(query, (session) =>
      readConsentCookie(request.headers.cookie, session, publicUrl()),
    )
    switch (arrival.kind) {
      case 'received': {
        const { session, finished } = arrival
        follow(finished)
        if (arrival.isOwn) return leadOn(reply, session.id)
        const outcome = await finished
        if (outcome.ok) return leadOn(reply, session.id)
        return send(reply, refusalPage(outcome.error, addressIn(engine, session)))
      }
      case 'shown': {
        const { session, sealed } = arrival
        const { definition } = engine.connection(addressOf(session))
        const until = Math.min(clock.now() + codeLifeMs, session.expiresAt)
        return send(reply, codePage(session, definition, { sealed, until }))
      }
      case 'refused': {
        const { session, isOwn, error } = arrival
        // Loading the page again does no harm: it shows what became of it.
        if (session !== undefined && isOwn) return leadOn(reply, session.id)
        const about = session === undefined ? {} : { about: addressIn(engine, session) }
        if (!query.has('code')) return send(reply, refusalPage(error, about.about))
        return leave(reply, `/consent/refused?seen=${notices.seal({ error, ...about })}`)
      }
    }
  })

  app.get<{ readonly Querystring: { readonly seen?: unknown } }>(
    '/consent/refused',
    quiet,
    async (request, reply) => {
      const notice = notices.open(request.query.seen)
      if (notice === undefined) return send(reply, strangerPage())
      return send(reply, refusalPage(notice.error, notice.about))
    },
  )

  app.get<Identified>('/consent/done/:id', quiet, async (request, reply) => {
    const session = await consent.show(request.params.id).catch((error: unknown) => {
      if (isEvergrantError(error) && error.code === 'consent_session_unknown') return undefined
      throw error
    })
    if (session === undefined) return send(reply, strangerPage())
    const browser = readConsentCookie(request.headers.cookie, session, publicUrl())
    const isOwn = browser !== undefined && consent.isBrowserOf(session, browser)
    return send(reply, isOwn ? progressPage(session, addressIn(engine, session)) : strangerPage())
  })
}

interface Tokened {
  readonly Params: { readonly token: string }
}

function addLinks(
  app: FastifyInstance,
  { composition, publicUrl, addressOf: sourceOf }: ConsentPagesOptions,
  windows: ReturnType<typeof createFailureWindows>,
): void {
  const { consent, engine, clock } = composition
  const { links } = consent
  const starts = createFailureWindows(clock, mostStarts)

  const look = async (request: FastifyRequest<Tokened>): Promise<ConsentLink> => {
    const source = sourceOf(request.raw)
    const waitMs = windows.waitOf(source)
    if (waitMs !== undefined) {
      throw new EvergrantError('caller_throttled', 'too many addresses of no link were tried', {
        retryAfterMs: waitMs,
      })
    }
    const found = await links.look(request.params.token)
    if (found.ok) return found.value
    windows.note(source)
    throw found.error
  }
  const browserOf = (request: FastifyRequest, link: ConsentLink): Secret | undefined =>
    readConsentCookie(request.headers.cookie, boundTo(link), publicUrl())

  app.route<Tokened>({
    method: ['GET', 'HEAD'],
    url: '/consent/l/:token',
    handler: async (request, reply) => {
      const link = await look(request)
      const browser = browserOf(request, link)
      const refusal = links.refuse(link, browser)
      if (refusal !== undefined) return await refuse(reply, link, browser, refusal)
      const address = addressOf(link)
      const { definition } = engine.connection(address)
      // Whoever only asks for the headers has not seen it.
      if (request.method === 'GET') {
        await links.note(link)
        if (browser === undefined) setCookie(reply, link, { clock, publicUrl: publicUrl() })
      }
      const subject = (await engine.status(address)).grant?.subject ?? ''
      const expected = subject === '' ? undefined : await accountName(consent, link, subject)
      const shown = linkPage(link, definition, expected)
      return send(reply, shown, `'self'`)
    },
  })

  app.post<Tokened>('/consent/l/:token', async (request, reply) => {
    requireOwnForm(request, publicUrl())
    const link = await look(request)
    const browser = browserOf(request, link)
    if (browser === undefined) {
      throw new EvergrantError('consent_elsewhere', 'the browser has no cookie of this link', {
        remedy: 'Allow cookies for this address, open the link again, and use its button.',
      })
    }
    const waitMs = starts.waitOf(link.id)
    if (waitMs !== undefined) {
      throw new EvergrantError('caller_throttled', 'too many sign-ins were begun by this link', {
        retryAfterMs: waitMs,
      })
    }
    starts.note(link.id)
    const redirectUri = consentCallback(publicUrl())
    const started = await links.start(link, { browser, redirectUri })
    if (!started.ok) return await refuse(reply, link, browser, started.error)
    const { host } = new URL(started.value.url)
    return send(reply, departurePage(started.value.url, host))
  })

  /** Whoever used the link is shown what became of it; others are told why they cannot. */
  async function refuse(
    reply: FastifyReply,
    link: ConsentLink,
    browser: Secret | undefined,
    error: EvergrantError,
  ): Promise<FastifyReply> {
    const id = link.consent?.id
    if (id !== undefined && browser !== undefined && error.code === 'consent_link_used') {
      const session = await consent.show(id)
      if (consent.isBrowserOf(session, browser)) return leadOn(reply, id)
    }
    return send(reply, refusalPage(error, addressIn(engine, link)))
  }
}

/** What people call the account that serves, where its sign-in told that; else its id. */
async function accountName(
  consent: Composition['consent'],
  { connection, tenant }: ConsentLink,
  subject: string,
): Promise<string> {
  const ended = await consent.list({ connection, tenant, state: 'active', limit: 20 })
  const own = ended.find(({ account }) => account?.subject === subject)
  return own?.account?.userName ?? subject
}

/** Cookies of links are named for them, whichever sign-in they began. */
function boundTo({ id }: ConsentLink): { readonly id: string; readonly linkId: string } {
  return { id, linkId: id }
}

function setCookie(
  reply: FastifyReply,
  link: ConsentLink,
  { clock, publicUrl }: { readonly clock: Pick<Clock, 'now'>; readonly publicUrl: string },
): void {
  const lifeMs = link.expiresAt - clock.now() + signInMs
  const browser = newBrowserSecret(systemRandom)
  reply.header('set-cookie', consentCookie(boundTo(link), browser, { publicUrl, lifeMs }))
}

/**
 * Lets in what a page of ours sent alone. Pages without referrer have the origin `null` there: then
 * the browser itself has to say where the form comes from.
 *
 * @throws EvergrantError `request_invalid`
 */
function requireOwnForm(request: FastifyRequest, publicUrl: string): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  const own = new URL(publicUrl).origin
  const isOwn =
    site === 'same-origin'
      ? origin === undefined || origin === 'null' || origin === own
      : site === undefined && origin === own
  if (isOwn) return
  throw new EvergrantError('request_invalid', 'the form was sent by a page of another site', {
    remedy: 'Open the link itself, and use its button.',
  })
}

function leadOn(reply: FastifyReply, sessionId: string): FastifyReply {
  return leave(reply, `/consent/done/${sessionId}`)
}

function leave(reply: FastifyReply, location: string): FastifyReply {
  return reply
    .code(303)
    .headers({ ...pageHeaders(), location })
    .send('')
}

function send(reply: FastifyReply, page: ConsentPage, formAction?: string): FastifyReply {
  return reply.code(page.status).headers(pageHeaders(formAction)).send(page.body)
}
