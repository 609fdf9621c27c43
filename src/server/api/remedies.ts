import { z } from 'zod'
import { findRemedy, remedyCatalogue } from '../../kernel/index.ts'
import { remedyToJson } from '../remedy-view.ts'
import { remedySchema } from './remedy-schema.ts'
import { cutPage, fromCursor, pageOf, paging } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

/** The catalogue of remedies: what each code means, who must act, and the steps. */
export const remedyOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'remedies.list',
    method: 'GET',
    path: '/api/v1/remedies',
    operation: 'remedies.read',
    summary: 'What each error code means, who must act, and the steps',
    description:
      'Codes of ours, of Microsoft Entra ID (AADSTS) and of Partner Center. With `code` the one that is meant, or none.',
    status: 200,
    errors: [],
    query: z.object({
      ...paging,
      code: z.string().max(64).optional().describe('`grant_lapsed`, `AADSTS50076`, `50076`'),
    }),
    response: pageOf(remedySchema),
    handle: (_context, { limit, cursor, code }) => {
      if (code !== undefined) {
        const found = findRemedy(code)
        return { items: found === undefined ? [] : [remedyToJson(found)], next: null }
      }
      const [after] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const from = remedyCatalogue.findIndex((entry) => entry.code === after) + 1
      const rows = remedyCatalogue.slice(from, from + limit + 1)
      return cutPage(rows, limit, { toJson: remedyToJson, placeOf: (entry) => [entry.code] })
    },
  }),
]
