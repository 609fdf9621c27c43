import { z } from 'zod'
import { findRemedy, remedyCatalogue, type CatalogueEntry } from '../../kernel/index.ts'
import { cutPage, fromCursor, guidance, pageOf, paging } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const remedySchema = z
  .object({
    code: z.string().describe('Of ours, `AADSTS` and a number, or a number of Partner Center’s'),
    title: z.string(),
    ...guidance,
    meaning: z.string().describe('What happened, plainly'),
    remedy: z.string(),
    retry: z.enum(['never', 'later', 'now']).describe('Whether trying again can help'),
  })
  .meta({ id: 'Remedy' })

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
        return { items: found === undefined ? [] : [toJson(found)], next: null }
      }
      const [after] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const from = remedyCatalogue.findIndex((entry) => entry.code === after) + 1
      const rows = remedyCatalogue.slice(from, from + limit + 1)
      return cutPage(rows, limit, { toJson, placeOf: (entry) => [entry.code] })
    },
  }),
]

function toJson(entry: CatalogueEntry): z.input<typeof remedySchema> {
  return { ...entry, steps: [...entry.steps] }
}
