import { z } from 'zod'
import { issuerHealthToJson, refusalToJson } from '../issuer-view.ts'
import { cutPage, fromCursor, pageOf, paging } from './fields.ts'
import { issuerHealthSchema, refusalSchema } from './issuer-schema.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

/** Operations on issuers: how their keys stand, and which of their tokens are refused. */
export const issuerOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'issuers.list',
    method: 'GET',
    path: '/api/v1/issuers',
    operation: 'issuers.read',
    summary: 'How the keys of each accepted issuer stand in this process',
    status: 200,
    errors: [],
    query: z.object(paging),
    response: pageOf(issuerHealthSchema),
    handle: ({ issuers, composition }, { limit, cursor }) => {
      const [after = ''] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const rows = issuers
        .health()
        .filter(({ iss }) => iss > after)
        .toSorted((a, b) => (a.iss < b.iss ? -1 : 1))
      const now = composition.clock.now()
      return cutPage(rows.slice(0, limit + 1), limit, {
        toJson: (one) => issuerHealthToJson(one, now),
        placeOf: ({ iss }) => [iss],
      })
    },
  }),
  defineOperation({
    id: 'issuers.refusals',
    method: 'GET',
    path: '/api/v1/issuers/refusals',
    operation: 'issuers.read',
    summary: 'The last hundred bearer tokens that this process refused, the newest first',
    description:
      'Nothing of a token but its fingerprint and names in it; `request_id` is the one that the caller was told.',
    status: 200,
    errors: [],
    query: z.object({
      limit: paging.limit,
      issuer: z.string().max(64).optional().describe('Name in the configuration'),
    }),
    response: pageOf(refusalSchema),
    handle: ({ issuers }, { limit, issuer }) => ({
      items: issuers.refusals
        .newest(issuer === undefined ? {} : { issuer })
        .slice(0, limit)
        .map(refusalToJson),
      next: null,
    }),
  }),
  defineOperation({
    id: 'issuers.refresh',
    method: 'POST',
    path: '/api/v1/issuers/{issuer}/refresh',
    operation: 'issuers.refresh',
    summary: 'Fetch the keys of an issuer now, and tell how they stand then',
    status: 200,
    errors: ['issuer_unknown'],
    params: z.object({ issuer: z.string().min(1).max(64).describe('Name in the configuration') }),
    response: z.object({ issuers: z.array(issuerHealthSchema) }),
    handle: async ({ issuers, composition }, { issuer }) => {
      const health = await issuers.refresh(issuer)
      const now = composition.clock.now()
      return { issuers: health.map((one) => issuerHealthToJson(one, now)) }
    },
  }),
]
