import { z } from 'zod'
import { callerToJson } from '../caller-view.ts'
import { requireConnection } from '../connection-view.ts'
import { callerSchema, permittedSchema, roleSchema } from './caller-schema.ts'
import { cutPage, flag, fromCursor, pageOf, paging } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

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
      role: roleSchema.optional(),
      connections: permittedSchema.default([]),
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
