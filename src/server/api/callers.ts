import { z } from 'zod'
import type { CallerRecord } from '../../access/index.ts'
import { requireConnection } from '../connection-view.ts'
import { cutPage, flag, fromCursor, instant, pageOf, paging, toWire } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const role = z.enum(['viewer', 'operator', 'admin'])
const permitted = z
  .union([z.array(z.string().max(64)).max(1_000), z.literal('*')])
  .describe('Names of connections, or `*` for all')

const callerSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    role: role.nullable(),
    connections: permitted,
    upstream: z.string().nullable(),
    allow_tokens: z.boolean(),
    rate: z.number().nullable().describe('Requests a second'),
    concurrency: z.int().nullable(),
    created_at: instant,
    revoked_at: instant.nullable(),
  })
  .meta({ id: 'Caller' })

/** Operations on callers: who may call us. */
export const callerOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'callers.list',
    method: 'GET',
    path: '/api/v1/callers',
    operation: 'callers.read',
    summary: 'Callers, by name',
    status: 200,
    errors: [],
    query: z.object({ ...paging, revoked: flag.optional().describe('Revoked ones, too') }),
    response: pageOf(callerSchema),
    handle: async ({ callerDesk }, { limit, cursor, revoked }) => {
      const [name, id] = cursor === undefined ? [] : fromCursor(cursor, 2)
      const callers = await callerDesk.list({
        limit: limit + 1,
        ...(name === undefined || id === undefined ? {} : { after: { name, id } }),
        ...(revoked === true ? { withRevoked: true } : {}),
      })
      return cutPage(callers, limit, {
        toJson: callerToJson,
        placeOf: (caller) => [caller.name, caller.id],
      })
    },
  }),
  defineOperation({
    id: 'callers.add',
    method: 'POST',
    path: '/api/v1/callers',
    operation: 'callers.write',
    summary: 'Make a caller; its key is in this answer and nowhere else',
    status: 201,
    errors: ['caller_exists', 'connection_unknown', 'usage'],
    body: z.object({
      name: z.string().min(1).max(64),
      role: role.optional(),
      connections: permitted.default([]),
      upstream: z.string().max(64).optional(),
      allow_tokens: z.boolean().default(false),
      rate: z.number().min(0.001).max(1_000_000).optional(),
      concurrency: z.int().min(1).optional(),
    }),
    response: z.object({ caller: callerSchema, key: z.string() }),
    handle: async ({ callerDesk, composition }, body) => {
      const { name, role: asked, connections, upstream, rate, concurrency } = body
      if (connections !== '*') for (const one of connections) requireConnection(composition, one)
      const { caller, key } = await callerDesk.add({
        name,
        connections,
        allowTokens: body.allow_tokens,
        ...(asked === undefined ? {} : { role: asked }),
        ...(upstream === undefined ? {} : { upstream }),
        limits: {
          ...(rate === undefined ? {} : { ratePerSecond: rate }),
          ...(concurrency === undefined ? {} : { concurrency }),
        },
      })
      return { caller: callerToJson(caller), key: key.reveal() }
    },
  }),
  defineOperation({
    id: 'callers.revoke',
    method: 'DELETE',
    path: '/api/v1/callers/{caller}',
    operation: 'callers.write',
    summary: 'Revoke a caller: here at once, in other processes within a second',
    status: 204,
    errors: ['caller_unknown'],
    params: z.object({ caller: z.string().min(1).max(64).describe('Id or name') }),
    handle: async ({ callerDesk }, { caller }) => {
      await callerDesk.revoke(caller)
    },
  }),
]

function callerToJson(caller: CallerRecord): z.input<typeof callerSchema> {
  const { connections, limits } = caller
  return {
    id: caller.id,
    name: caller.name,
    role: caller.role ?? null,
    connections: connections === '*' ? '*' : [...connections],
    upstream: caller.upstream ?? null,
    allow_tokens: caller.allowTokens,
    rate: limits.ratePerSecond ?? null,
    concurrency: limits.concurrency ?? null,
    created_at: toWire(caller.createdAt),
    revoked_at: caller.revokedAt === undefined ? null : toWire(caller.revokedAt),
  }
}
