import { z } from 'zod'
import { alarmToJson } from '../alarm-view.ts'
import { alarmSchema } from './alarm-schema.ts'
import { cutPage, flag, fromCursor, pageOf, paging } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

/** Operations on alarms: what a person must know. */
export const alarmOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'alarms.list',
    method: 'GET',
    path: '/api/v1/alarms',
    operation: 'alarms.read',
    summary: 'Open alarms, the newest first',
    description: 'With `all=true` also those that are over, which are kept for 90 days.',
    status: 200,
    errors: [],
    query: z.object({ ...paging, all: flag.optional() }),
    response: pageOf(alarmSchema),
    handle: async ({ composition }, { limit, cursor, all }) => {
      const [after] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const page = await composition.store.alarms.listAlarms({
        limit: limit + 1,
        ...(all === true ? {} : { isOpen: true }),
        ...(after === undefined ? {} : { after }),
      })
      return cutPage(page, limit, { toJson: alarmToJson, placeOf: ({ id }) => [id] })
    },
  }),
]
