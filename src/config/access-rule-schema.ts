import { z } from 'zod'
import { listOf, mapName, must, text } from './fields.ts'
import { claimName } from './match-rule-schema.ts'
import { guid } from './provider-schema.ts'

const permit = must(
  text('the name of a connection'),
  (value) => mapName().safeParse(value.replace(/@\*$/, '')).success,
  {
    expected: 'the name of a connection, or NAME@* for every tenant of a template',
    remedy: 'Write the name as it stands under `connections:`.',
  },
)

/** One rule that says what callers may do, as written. */
export const accessRule = z
  .strictObject({
    claim: claimName.optional().describe('Only for callers whose claim is, or has, `value`.'),
    value: text('a value').optional().describe('The value of `claim`.'),
    group: must(text('the id of a group'), (value) => guid.test(value), {
      expected: 'the object id of a group (a GUID)',
      remedy: 'Copy "Object ID" from the group’s page: names of groups are not unique.',
    })
      .optional()
      .describe('Only for members of that group, direct or not; by `groups` or by asking Graph.'),
    app: text('a client id')
      .optional()
      .describe('Only for that application, with a token of its own (`azp`, `appid`).'),
    role: z.enum(['viewer', 'operator', 'admin']).optional().describe('The role it gives.'),
    connections: z
      .union([z.literal('*'), z.literal('*@*').transform((all) => [all]), listOf(permit, 1)])
      .optional()
      .describe(
        'Connections that may be called through the gateway; `*` for all. Of a template callers may use the part of their own tenant; `NAME@*` means every tenant of it, `*@*` every connection with all tenants.',
      ),
  })
  .describe('What callers may do: all of them, or those of a claim, a group or an application.')
