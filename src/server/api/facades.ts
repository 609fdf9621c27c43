import { z } from 'zod'
import { facadeToJson, findFacadeTarget } from '../facade-view.ts'
import { cutPage, flag, fromCursor, instant, pageOf, paging } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const clientSchema = z
  .object({
    name: z.string(),
    client_id: z.string(),
    connection: z.string(),
    upstream: z.string().optional(),
    redirect_uris: z.array(z.string()),
    tokens: z.enum(['gateway', 'upstream']),
    public: z.boolean(),
    pkce: z.enum(['required', 'optional']),
    rotate: z.boolean(),
    grace_ms: z.int().optional(),
    secret_on_refresh: z.boolean(),
    authorizations: z.int().optional(),
    created_at: instant,
    approved_at: instant.optional(),
    revoked_at: instant.optional(),
  })
  .meta({ id: 'FacadeClient' })
const withSecret = z.object({
  client: clientSchema,
  client_secret: z.string().nullable().describe('In this answer and nowhere else'),
})
const params = z.object({ client: z.string().min(1).max(100).describe('Client id or name') })

/** Operations on clients of the façade. */
export const facadeOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'facades.list',
    method: 'GET',
    path: '/api/v1/facades',
    operation: 'facades.read',
    summary: 'Clients of the façade, by name',
    status: 200,
    errors: [],
    query: z.object({ ...paging, revoked: flag.optional().describe('Revoked ones, too') }),
    response: pageOf(clientSchema),
    handle: async ({ facadeDesk }, { limit, cursor, revoked }) => {
      const [name, id] = cursor === undefined ? [] : fromCursor(cursor, 2)
      const clients = await facadeDesk.list({
        limit: limit + 1,
        ...(name === undefined || id === undefined ? {} : { after: { name, id } }),
        ...(revoked === true ? { withRevoked: true } : {}),
      })
      return cutPage(clients, limit, {
        toJson: (client) => wire(facadeToJson(client)),
        placeOf: (client) => [client.name, client.id],
      })
    },
  }),
  defineOperation({
    id: 'facades.show',
    method: 'GET',
    path: '/api/v1/facades/{client}',
    operation: 'facades.read',
    summary: 'One client of the façade',
    status: 200,
    errors: ['facade_unknown'],
    params,
    response: clientSchema,
    handle: async ({ facadeDesk }, { client: nameOrId }) => {
      const client = await facadeDesk.find(nameOrId)
      const authorizations = await facadeDesk.countAuthorizations(client.id)
      return wire(facadeToJson(client, { authorizations }))
    },
  }),
  defineOperation({
    id: 'facades.add',
    method: 'POST',
    path: '/api/v1/facades',
    operation: 'facades.write',
    summary: 'Register a client; its secret is in this answer and nowhere else',
    status: 201,
    errors: ['facade_exists', 'facade_invalid', 'connection_unknown', 'usage'],
    body: z.object({
      name: z.string().min(1).max(100),
      connection: z.string().max(300).describe('`name[@tenant][:upstream]`'),
      redirect_uris: z.array(z.string().max(2_000)).min(1).max(20),
      tokens: z.enum(['gateway', 'upstream']).default('gateway'),
      public: z.boolean().default(false),
      pkce: z.enum(['required', 'optional']).default('optional'),
      rotate: z.boolean().default(false),
      grace_ms: z.int().min(0).max(86_400_000).default(60_000),
      secret_on_refresh: z.boolean().default(true),
    }),
    response: withSecret,
    handle: async ({ facadeDesk, composition }, body) => {
      const { client, secret } = await facadeDesk.add({
        name: body.name,
        ...findFacadeTarget(composition, body.connection),
        redirectUris: body.redirect_uris,
        tokens: body.tokens,
        isPublic: body.public,
        requiresPkce: body.pkce === 'required',
        rotates: body.rotate,
        graceMs: body.grace_ms,
        needsSecretOnRefresh: body.secret_on_refresh,
      })
      return { client: wire(facadeToJson(client)), client_secret: secret?.reveal() ?? null }
    },
  }),
  defineOperation({
    id: 'facades.approve',
    method: 'POST',
    path: '/api/v1/facades/{client}/approve',
    operation: 'facades.write',
    summary: 'Let a client without secret authorize once, within ten minutes',
    status: 200,
    errors: ['facade_unknown', 'facade_invalid'],
    params,
    response: clientSchema,
    handle: async ({ facadeDesk }, { client }) =>
      wire(facadeToJson(await facadeDesk.approve(client))),
  }),
  defineOperation({
    id: 'facades.rotateSecret',
    method: 'POST',
    path: '/api/v1/facades/{client}/rotate-secret',
    operation: 'facades.write',
    summary: 'Replace a secret; the new one is in this answer and nowhere else',
    status: 200,
    errors: ['facade_unknown', 'facade_invalid'],
    params,
    response: withSecret,
    handle: async ({ facadeDesk }, { client: nameOrId }) => {
      const { client, secret } = await facadeDesk.rotateSecret(nameOrId)
      return { client: wire(facadeToJson(client)), client_secret: secret?.reveal() ?? null }
    },
  }),
  defineOperation({
    id: 'facades.revoke',
    method: 'DELETE',
    path: '/api/v1/facades/{client}',
    operation: 'facades.write',
    summary: 'Revoke a client with all it was given: here at once, elsewhere within a second',
    status: 204,
    errors: ['facade_unknown'],
    params,
    handle: async ({ facadeDesk }, { client }) => {
      await facadeDesk.revoke(client)
    },
  }),
]

function wire({
  client_secret: _secret,
  redirect_uris: uris,
  ...client
}: ReturnType<typeof facadeToJson>): z.input<typeof clientSchema> {
  return { ...client, redirect_uris: [...uris] }
}
