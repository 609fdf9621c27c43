import { z } from 'zod'
import { explainUnverified } from '../../identity/index.ts'
import { explanationToJson } from '../explanation-view.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const open = z.looseObject({})

const explanationSchema = z
  .object({
    verified: z
      .boolean()
      .nullable()
      .describe('Whether the token holds; null where no issuer is configured'),
    accepted: z.boolean().nullable().describe('Whether its bearer is let in as well'),
    refusal: open.nullable().describe('The stage that did not hold, its code and its remedy'),
    issuer: z.string().nullable(),
    kind: z.string().nullable(),
    principal: z.string().nullable(),
    entra: z.string().nullable(),
    because: z.string().nullable(),
    header: open.nullable(),
    stages: z.array(z.object({ stage: z.string(), outcome: z.string(), what: z.string() })),
    claims: z.array(open).describe('Each with its source and what it is good for'),
    sources: z.array(open),
    rules: z.array(open).describe('Rules of `match`, and how each went'),
    account: open.nullable(),
    candidates: z.array(open).describe('Accounts that a rule could mean, where it means several'),
    access: z.array(open),
    role: z.string().nullable(),
    connections: z.union([z.array(z.string()), z.literal('*')]),
    suggestion: open.nullable().describe('The configuration that would have worked'),
    keys: open.nullable(),
    lacking_in_userinfo: z.array(z.string()),
    remarks: z.array(z.string()),
  })
  .meta({ id: 'TokenExplanation' })

/** Operations on bearer tokens of callers. */
export const bearerOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'bearer.explain',
    method: 'POST',
    path: '/api/v1/bearer/explain',
    operation: 'bearer.explain',
    summary: 'Tell how a token would be judged now, stage by stage, as `evergrant explain` does',
    description:
      'By the steps of a live request, account and rules included. The token is kept nowhere; claims stand in the answer as they stand in it. What is told names accounts and is for operators alone.',
    status: 200,
    errors: ['store_unavailable'],
    body: z.object({
      token: z.string().min(1).max(100_000).describe('The token, or "Bearer" and the token'),
    }),
    response: explanationSchema,
    handle: async ({ issuers, composition }, { token }) => {
      const given = token.trim().replace(/^Bearer\s+/i, '')
      const bearer = issuers.bearer()
      const explanation =
        bearer === undefined
          ? explainUnverified(given, composition.clock.now())
          : await bearer.explain(given)
      return explanationToJson(explanation) as z.input<typeof explanationSchema>
    },
  }),
]
