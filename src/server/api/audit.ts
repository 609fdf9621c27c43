import { z } from 'zod'
import { auditToJson, maySeeStates } from '../audit-view.ts'
import { auditEntrySchema } from './audit-schema.ts'
import { cutPage, fromCursor, pageOf, paging } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const wish = z.string().min(1).max(300).optional()

/** Operations on the record of what was done. */
export const auditOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'audit.list',
    method: 'GET',
    path: '/api/v1/audit',
    operation: 'audit.read',
    summary: 'What was done and refused, by whom, the newest first',
    description:
      'Entries are only ever added: the database refuses to change or delete one. Filters hold for the whole value. How something stood before and after is told to whoever may read it otherwise: callers, customers, façade clients and people at the console are for operators.',
    status: 200,
    errors: [],
    query: z.object({
      ...paging,
      actor: wish,
      action: wish,
      target: wish,
      connection: wish,
      since: z.iso.datetime({ offset: true }).optional().describe('At that instant or later'),
      before: z.iso.datetime({ offset: true }).optional().describe('Before that instant'),
    }),
    response: pageOf(auditEntrySchema),
    handle: async ({ composition }, { limit, cursor, since, before, ...wished }, { caller }) => {
      const [after] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const filters = Object.entries(wished).filter(([, value]) => value !== undefined)
      const page = await composition.store.audit.listEntries({
        limit: limit + 1,
        ...Object.fromEntries(filters),
        ...(after === undefined ? {} : { after }),
        ...(since === undefined ? {} : { since: Date.parse(since) }),
        ...(before === undefined ? {} : { before: Date.parse(before) }),
      })
      return cutPage(page, limit, {
        toJson: (entry) => auditToJson(entry, maySeeStates(caller, entry)),
        placeOf: ({ id }) => [id],
      })
    },
  }),
]
