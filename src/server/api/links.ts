import { z } from 'zod'
import { linkLifeMs } from '../../consent/index.ts'
import { linkAddress } from '../consent-address.ts'
import { linkToJson } from '../consent-view.ts'
import { linkSchema } from './consent-schema.ts'
import { cutPage, flag, fromCursor, pageOf, paging } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const link = z.string().min(1).max(64).describe('Id')
const second = 1_000

/** Operations on links that hand a sign-in to somebody else. */
export const linkOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'links.create',
    method: 'POST',
    path: '/api/v1/connections/{address}/links',
    operation: 'consents.write',
    summary: 'Make a link that hands the sign-in to somebody else',
    description:
      'Its page says who asks, for what, and which account is needed; looking at it spends nothing. One browser can begin a sign-in by it, and nothing has to be sent back.',
    status: 201,
    errors: ['connection_unknown', 'tenant_required', 'tenant_invalid', 'usage'],
    params: z.object({
      address: z.string().min(1).max(300).describe('`name`, or `name@tenant` of a template'),
    }),
    body: z.object({
      recipient: z.string().trim().min(1).max(200).describe('Who shall use it, for people'),
      note: z.string().trim().max(1_000).optional().describe('What the recipient is told besides'),
      expires_in_seconds: z
        .int()
        .min(linkLifeMs.least / second)
        .max(linkLifeMs.most / second)
        .optional()
        .describe('Default 259200: 72 hours'),
      approve_account: z
        .boolean()
        .optional()
        .describe('Another account than the one that serves now may sign in, and take its place'),
    }),
    response: z.object({
      link: linkSchema,
      url: z.string().describe('For the recipient; in this answer and nowhere else'),
    }),
    handle: async ({ composition, publicUrl }, input, { caller }) => {
      const made = await composition.consent.links.create(input.address, {
        recipient: input.recipient,
        ...(input.note === undefined ? {} : { note: input.note }),
        ...(input.expires_in_seconds === undefined
          ? {}
          : { lifeMs: input.expires_in_seconds * second }),
        approvesAccount: input.approve_account ?? false,
        createdBy: caller.name,
      })
      return {
        link: linkToJson(made.link, composition.clock.now()),
        url: linkAddress(publicUrl(), made.token.reveal()),
      }
    },
  }),
  defineOperation({
    id: 'links.list',
    method: 'GET',
    path: '/api/v1/links',
    operation: 'consents.read',
    summary: 'Hand-off links, the newest first; kept for 30 days after their end',
    status: 200,
    errors: [],
    query: z.object({
      ...paging,
      connection: z.string().max(64).optional(),
      open: flag.optional().describe('Those that can still lead to a grant'),
    }),
    response: pageOf(linkSchema),
    handle: async ({ composition }, { limit, cursor, connection, open }) => {
      const [before] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const links = await composition.consent.links.list({
        limit: limit + 1,
        ...(connection === undefined ? {} : { connection }),
        ...(open === undefined ? {} : { isOpen: open }),
        ...(before === undefined ? {} : { before }),
      })
      const now = composition.clock.now()
      return cutPage(links, limit, {
        toJson: (one) => linkToJson(one, now),
        placeOf: ({ id }) => [id],
      })
    },
  }),
  defineOperation({
    id: 'links.show',
    method: 'GET',
    path: '/api/v1/links/{link}',
    operation: 'consents.read',
    summary: 'A hand-off link',
    status: 200,
    errors: ['consent_link_unknown'],
    params: z.object({ link }),
    response: linkSchema,
    handle: async ({ composition }, { link: id }) =>
      linkToJson(await composition.consent.links.show(id), composition.clock.now()),
  }),
  defineOperation({
    id: 'links.revoke',
    method: 'DELETE',
    path: '/api/v1/links/{link}',
    operation: 'consents.write',
    summary: 'Take a link back; a sign-in that waits by it is cancelled',
    status: 204,
    errors: ['consent_link_unknown'],
    params: z.object({ link }),
    handle: async ({ composition }, { link: id }, { caller }) => {
      await composition.consent.links.revoke(id, caller.name)
    },
  }),
]
