import { z } from 'zod'
import type { Caller, IssuedSession } from '../../access/index.ts'
import { EvergrantError } from '../../kernel/index.ts'
import type { CodeSender } from '../session-codes.ts'
import { sessionToJson } from '../session-view.ts'
import { cutPage, fromCursor, pageOf, paging } from './fields.ts'
import { defineOperation, type ApiContext, type ApiOperation } from './operation.ts'
import { sessionSchema } from './session-schema.ts'

const issuedSchema = z.object({
  session: sessionSchema,
  token: z.string().describe('`egs_…`, in this answer and nowhere else'),
  token_type: z.literal('Bearer'),
  expires_in: z.int().describe('Seconds'),
})

const codeFields = {
  issuer: z.string().min(1).max(64).optional().describe('Name in the configuration'),
  code: z.string().min(1).max(4_000).optional(),
  code_verifier: z
    .string()
    .regex(/^[A-Za-z0-9\-._~]{43,128}$/, 'expected 43 to 128 characters of RFC 7636')
    .optional(),
  redirect_uri: z.string().min(1).max(2_000).optional().describe('Of the sign-in, exactly'),
  nonce: z.string().min(1).max(500).optional().describe('Of the sign-in; its ID token names it'),
  tenant: z.string().min(1).max(100).optional().describe('Of an issuer with several'),
  resource: z.string().min(1).max(500).optional().describe('An audience of the issuer'),
}

/** Operations on sessions, which callers have in exchange for a token or a code. */
export const sessionOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'sessions.begin',
    method: 'POST',
    path: '/api/v1/sessions',
    operation: 'sessions.begin',
    isOpen: true,
    summary: 'Exchange a token of an issuer, or the code of a sign-in there, for a session',
    description:
      'Either with the token as `Authorization: Bearer …` and no body, or without credential and with the end of a sign-in, whose code is redeemed by the `client` of the issuer. The session ends with the token at the latest, and with its account, its issuer or the link of its account to a person, or when the rules of its issuer change. A session is never given for another one.',
    status: 201,
    errors: [
      'credential_malformed',
      'exchange_refused',
      'issuer_unknown',
      'token_expired',
      'insufficient_scope',
      'account_unmatched',
      'account_ambiguous',
      'account_disabled',
      'claim_missing',
      'issuer_keys_unavailable',
      'grant_lapsed',
      'id_token_invalid',
      'client_rejected',
      'request_rejected',
      'provider_unreachable',
      'provider_unavailable',
      'provider_timeout',
      'provider_throttled',
      'provider_answer_invalid',
      'secret_unavailable',
    ],
    body: z.object(codeFields),
    response: issuedSchema,
    handle: async (context, body, { knownCaller, requestId, reply }) => {
      const address = context.addressOf(reply.request.raw)
      const brought = knownCaller ?? (await redeem(context, body, { requestId, address }))
      if (knownCaller !== undefined && Object.keys(body).length > 0) {
        throw new EvergrantError(
          'credential_malformed',
          'expected a token or a code, but saw "Authorization" and a body',
        )
      }
      const issued = await context.sessions.exchange(brought)
      return issuedToJson(issued, context.composition.clock.now())
    },
  }),
  defineOperation({
    id: 'sessions.list',
    method: 'GET',
    path: '/api/v1/sessions',
    operation: 'sessions.read',
    summary: 'Living sessions, the newest first',
    status: 200,
    errors: [],
    query: z.object(paging),
    response: pageOf(sessionSchema),
    handle: async ({ sessions }, { limit, cursor }) => {
      const [after] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const page = await sessions.desk.list({
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
      })
      return cutPage(page, limit, { toJson: sessionToJson, placeOf: ({ id }) => [id] })
    },
  }),
  defineOperation({
    id: 'sessions.revoke',
    method: 'DELETE',
    path: '/api/v1/sessions/{session}',
    operation: 'sessions.revoke',
    summary: 'Revoke a session: here at once, in other processes within a second',
    description:
      'The one that the call is made with, also as `current`, needs no role; any other the role admin.',
    status: 204,
    errors: ['session_unknown', 'role_missing'],
    params: z.object({ session: z.string().min(1).max(64).describe('Id, or `current`') }),
    handle: async ({ sessions }, { session }, { caller }) => {
      const own = sessions.desk.idOf(caller)
      const id = session === 'current' && own !== undefined ? own : session
      if (id !== own) requireAdmin(caller)
      await sessions.desk.revoke(id, caller.id)
    },
  }),
]

/** @throws EvergrantError `role_missing` */
function requireAdmin({ role, name }: Caller): void {
  if (role === 'admin') return
  const has = role === undefined ? 'none' : `"${role}"`
  throw new EvergrantError(
    'role_missing',
    `sessions of others need the role "admin", but caller "${name}" has ${has}`,
  )
}

type Body = { readonly [Name in keyof typeof codeFields]?: string | undefined }

async function redeem(context: ApiContext, body: Body, sender: CodeSender): Promise<Caller> {
  const { issuer, code, code_verifier, redirect_uri, nonce, tenant, resource } = body
  if (Object.keys(body).length === 0) {
    const resourceMetadata = context.issuers.resourceMetadata()
    throw new EvergrantError('caller_unauthenticated', 'neither a token nor a code came with it', {
      challenge: {
        isBare: true,
        ...(resourceMetadata === undefined ? {} : { resourceMetadata }),
      },
    })
  }
  const wanted = { issuer, code, code_verifier, redirect_uri, nonce }
  const missing = Object.entries(wanted).find(([, value]) => value === undefined)?.[0]
  if (
    issuer === undefined ||
    code === undefined ||
    code_verifier === undefined ||
    redirect_uri === undefined ||
    nonce === undefined
  ) {
    throw new EvergrantError(
      'request_invalid',
      `"${missing ?? ''}": expected ${Object.keys(wanted).join(', ')} together, but saw nothing`,
    )
  }
  return await context.codes.redeem(
    {
      issuer,
      code,
      codeVerifier: code_verifier,
      redirectUri: redirect_uri,
      nonce,
      ...(tenant === undefined ? {} : { tenant }),
      ...(resource === undefined ? {} : { resource }),
    },
    sender,
  )
}

function issuedToJson(
  { session, token }: IssuedSession,
  now: number,
): z.input<typeof issuedSchema> {
  return {
    session: sessionToJson(session),
    token: token.reveal(),
    token_type: 'Bearer',
    expires_in: Math.max(0, Math.floor((session.expiresAt - now) / 1_000)),
  }
}
