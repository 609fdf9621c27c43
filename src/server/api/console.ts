import { z } from 'zod'
import type { ConsoleDesk, ConsoleSessionRecord } from '../../access/index.ts'
import { roleSchema } from './caller-schema.ts'
import { cutPage, fromCursor, instant, pageOf, paging } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const consoleSessionSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    caller_id: z.string(),
    role: roleSchema,
    issuer: z
      .string()
      .nullable()
      .describe('Name in the configuration; null where a link signed in'),
    created_at: instant,
    idle_expires_at: instant.describe('When it ends unless it is used; to the minute'),
    expires_at: instant,
    is_current: z.boolean().describe('Whether the call is made with it'),
  })
  .meta({ id: 'ConsoleSession' })

/** Operations on people who are signed in to the console. */
export const consoleOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'console.list',
    method: 'GET',
    path: '/api/v1/console/sessions',
    operation: 'console.read',
    summary: 'People who are signed in to the console, the newest session first',
    status: 200,
    errors: [],
    query: z.object(paging),
    response: pageOf(consoleSessionSchema),
    handle: async ({ console }, { limit, cursor }, { caller }) => {
      const [after] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const page = await console.list({
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
      })
      const current = console.sessionOf(caller)?.session.id
      return cutPage(page, limit, {
        toJson: (session) => sessionToJson(session, console, current),
        placeOf: ({ id }) => [id],
      })
    },
  }),
  defineOperation({
    id: 'console.revoke',
    method: 'DELETE',
    path: '/api/v1/console/sessions/{session}',
    operation: 'console.revoke',
    summary: 'Sign somebody out of the console: here at once, in other processes within a second',
    status: 204,
    errors: ['session_unknown'],
    params: z.object({ session: z.string().min(1).max(64) }),
    handle: async ({ console }, { session }, { caller }) => {
      await console.revoke(session, caller.id)
    },
  }),
]

function sessionToJson(
  session: ConsoleSessionRecord,
  desk: ConsoleDesk,
  current: string | undefined,
): z.input<typeof consoleSessionSchema> {
  const { id, name, callerId, role, issuer = null, createdAt, expiresAt } = session
  return {
    id,
    name,
    caller_id: callerId,
    role,
    issuer,
    created_at: new Date(createdAt).toISOString(),
    idle_expires_at: new Date(desk.idleEndOf(session)).toISOString(),
    expires_at: new Date(expiresAt).toISOString(),
    is_current: id === current,
  }
}
