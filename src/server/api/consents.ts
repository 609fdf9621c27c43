import { z } from 'zod'
import {
  newBrowserSecret,
  requireSignIn,
  type ConsentLink,
  type ConsentSession,
} from '../../consent/index.ts'
import { systemRandom, EvergrantError } from '../../kernel/index.ts'
import { addressIn, consentCallback, requireRedirectUri } from '../consent-address.ts'
import { consentCookie } from '../consent-cookie.ts'
import { consentToJson, type ConsentView } from '../consent-view.ts'
import { onboardingPage } from '../onboarding-page.ts'
import { consentSchema, consentStates } from './consent-schema.ts'
import { cutPage, fromCursor, pageOf, paging } from './fields.ts'
import { defineOperation, type ApiContext, type ApiOperation } from './operation.ts'

const address = z.string().min(1).max(300).describe('`name`, or `name@tenant` of a template')
const consent = z.string().min(1).max(64).describe('Id')

/** Operations on consent sessions: attempts to obtain a grant by somebody’s sign-in. */
export const consentOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'consents.begin',
    method: 'POST',
    path: '/api/v1/connections/{address}/consents',
    operation: 'consents.write',
    summary: 'Begin a sign-in: the address to open',
    description:
      'The answer sets a cookie, and a browser that has it finishes the sign-in by itself when it comes back to `/consent/callback`. Any other browser is shown a sealed code there, to be handed to `consents.complete`; with `manual` every browser is. Beginning another sign-in for the same connection and tenant cancels this one.',
    status: 201,
    errors: [
      'connection_unknown',
      'tenant_required',
      'tenant_invalid',
      'usage',
      'provider_misconfigured',
      'provider_unreachable',
      'provider_timeout',
      'provider_unavailable',
    ],
    params: z.object({ address }),
    body: z.object({
      redirect_uri: z
        .string()
        .max(2_000)
        .optional()
        .describe('As registered with the application. Default: publicUrl + /consent/callback'),
      manual: z.boolean().optional().describe('Somebody else signs in and hands a code on'),
      approve_account: z
        .boolean()
        .optional()
        .describe('Another account than the one that serves now may sign in'),
    }),
    response: z.object({
      consent: consentSchema,
      authorization_url: z.string().describe('Where to sign in; in this answer and nowhere else'),
    }),
    handle: async (context, input, { caller, reply }) => {
      const { composition } = context
      const publicUrl = context.publicUrl()
      const own = consentCallback(publicUrl)
      const redirectUri = input.redirect_uri ?? own
      requireRedirectUri('"redirect_uri"', redirectUri)
      const isBound = input.manual !== true && redirectUri === own
      const browser = isBound ? newBrowserSecret(systemRandom) : undefined
      const { session, url } = await composition.consent.begin(input.address, {
        redirectUri,
        startedBy: caller.name,
        approvesAccount: input.approve_account ?? false,
        ...(browser === undefined ? {} : { browser }),
      })
      if (browser !== undefined) {
        const lifeMs = session.expiresAt - composition.clock.now()
        reply.header('set-cookie', consentCookie(session, browser, { publicUrl, lifeMs }))
      }
      return { consent: consentToJson(session, undefined), authorization_url: url }
    },
  }),
  defineOperation({
    id: 'consents.complete',
    method: 'POST',
    path: '/api/v1/connections/{address}/consents/complete',
    operation: 'consents.write',
    summary: 'Finish a sign-in with what it led to, and wait for its trial',
    description:
      'Takes the whole address, its query, the code alone, or the sealed code that our page shows. A sign-in that is found is spent by it: whatever comes of it is told by `state` and `failure`, with status 200.',
    status: 200,
    errors: [
      'connection_unknown',
      'tenant_required',
      'tenant_invalid',
      'consent_unreadable',
      'consent_unknown',
      'consent_expired',
      'consent_used',
      'consent_cancelled',
    ],
    params: z.object({ address }),
    body: z.object({
      pasted: z.string().min(1).max(16_384),
      approve_account: z.boolean().optional(),
    }),
    response: z.object({ consent: consentSchema }),
    handle: async (context, { address: name, pasted, approve_account: approves }) => {
      const { consent: desk } = context.composition
      const received = await desk.receive(name, { pasted, approvesAccount: approves ?? false })
      if (!received.ok) throw received.error
      await received.value.finished
      return { consent: await view(context, await desk.show(received.value.session.id)) }
    },
  }),
  defineOperation({
    id: 'consents.list',
    method: 'GET',
    path: '/api/v1/consents',
    operation: 'consents.read',
    summary: 'Sign-ins that were begun, the newest first; kept for 30 days',
    status: 200,
    errors: [],
    query: z.object({
      ...paging,
      connection: z.string().max(64).optional(),
      tenant: z.string().max(200).optional(),
      state: z.enum(consentStates).optional(),
    }),
    response: pageOf(consentSchema),
    handle: async (context, { limit, cursor, connection, tenant, state }) => {
      const [before] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const sessions = await context.composition.consent.list({
        limit: limit + 1,
        ...(connection === undefined ? {} : { connection }),
        ...(tenant === undefined ? {} : { tenant }),
        ...(state === undefined ? {} : { state }),
        ...(before === undefined ? {} : { before }),
      })
      const views = await Promise.all(sessions.map((session) => view(context, session)))
      return cutPage(views, limit, { toJson: (one) => one, placeOf: ({ id }) => [id] })
    },
  }),
  defineOperation({
    id: 'consents.show',
    method: 'GET',
    path: '/api/v1/consents/{consent}',
    operation: 'consents.read',
    summary: 'A sign-in, with how far its trial has come',
    status: 200,
    errors: ['consent_session_unknown'],
    params: z.object({ consent }),
    response: consentSchema,
    handle: async (context, { consent: id }) =>
      await view(context, await context.composition.consent.show(id)),
  }),
  defineOperation({
    id: 'consents.cancel',
    method: 'DELETE',
    path: '/api/v1/consents/{consent}',
    operation: 'consents.write',
    summary: 'Give a sign-in up that nothing came back of',
    status: 204,
    errors: ['consent_session_unknown', 'consent_used'],
    params: z.object({ consent }),
    handle: async ({ composition }, { consent: id }) => {
      if (await composition.consent.cancel(id)) return
      const { state } = await composition.consent.show(id)
      if (state === 'cancelled' || state === 'expired') return
      throw new EvergrantError('consent_used', `nothing waits any more: it is ${state}`)
    },
  }),
  defineOperation({
    id: 'consents.page',
    method: 'GET',
    path: '/api/v1/connections/{address}/onboarding-page',
    operation: 'consents.write',
    summary: 'The static page for a redirect URI that cannot reach Evergrant',
    description:
      'One HTML file for any host. It shows whoever signed in what to hand on; register its address with the application, and begin sign-ins with it as `redirect_uri`.',
    status: 200,
    errors: ['connection_unknown', 'tenant_required', 'tenant_invalid', 'usage'],
    params: z.object({ address }),
    response: z.object({ html: z.string() }),
    handle: ({ composition }, { address: name }, { caller }) => {
      const { definition } = composition.engine.connection(name)
      requireSignIn(definition)
      return { html: onboardingPage({ definition, requester: caller.name }) }
    },
  }),
]

async function view({ composition }: ApiContext, session: ConsentSession): Promise<ConsentView> {
  const { consent: desk, engine } = composition
  return consentToJson(session, await linkOf(desk.links, session), addressIn(engine, session))
}

async function linkOf(
  links: { readonly find: (id: string) => Promise<ConsentLink | undefined> },
  { linkId }: ConsentSession,
): Promise<ConsentLink | undefined> {
  return linkId === undefined ? undefined : await links.find(linkId)
}
