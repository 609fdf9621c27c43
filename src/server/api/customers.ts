import { z } from 'zod'
import type { CustomerOutcome, CustomerStanding } from '../../consent/index.ts'
import { EvergrantError } from '../../kernel/index.ts'
import { fromCursor, pageOf, paging, toCursor } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const address = z.object({
  address: z.string().min(1).max(200).describe('The name of a connection with `customers`'),
})
/** Most customers that one call works on. */
const mostAtOnce = 200

const customerSchema = z
  .object({
    id: z.string().describe('Of its tenant'),
    domain: z.string().nullable(),
    name: z.string().nullable(),
    consent: z
      .enum(['granted', 'partial', 'missing', 'unknown'])
      .describe('By a token of its tenant; `unknown`: see `detail`'),
    missing: z.array(z.string()),
    detail: z.string().nullable(),
    code: z.string().nullable(),
    remedy: z.string().nullable(),
  })
  .meta({ id: 'Customer' })

const outcomeSchema = z
  .object({
    customer: z.string(),
    outcome: z.enum(['granted', 'already', 'would_grant', 'withdrawn', 'would_withdraw', 'failed']),
    detail: z.string(),
    code: z.string().nullable(),
    remedy: z.string().nullable(),
    request_id: z.string().nullable(),
  })
  .meta({ id: 'CustomerOutcome' })

/** A customer as the API and `--json` show it. */
export function customerToJson({
  id,
  domain,
  name,
  consent,
  missing,
  error,
}: CustomerStanding): z.input<typeof customerSchema> {
  return {
    id,
    domain: domain ?? null,
    name: name ?? null,
    consent,
    missing: [...missing],
    detail: error?.detail ?? null,
    code: error?.code ?? null,
    remedy: error?.remedy ?? null,
  }
}

/** What became of a customer, as the API and `--json` show it. */
export function customerOutcomeToJson({
  customer,
  outcome,
  detail,
  error,
  requestId,
}: CustomerOutcome): z.input<typeof outcomeSchema> {
  return {
    customer,
    outcome,
    detail,
    code: error?.code ?? null,
    remedy: error?.remedy ?? null,
    request_id: requestId ?? null,
  }
}

const errors = [
  'connection_unknown',
  'tenant_required',
  'tenant_invalid',
  'connection_paused',
  'consent_needed',
  'grant_lapsed',
  'interaction_required',
  'token_refused',
  'provider_unavailable',
] as const

/** Customers of a partner’s connection, and their consent to its application. */
export const customerOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'customers.list',
    method: 'GET',
    path: '/api/v1/connections/{address}/customers',
    operation: 'customers.read',
    summary: 'Customers of a partner, and how far their consent reaches',
    description:
      'A page of Partner Center’s list. Each customer’s tenant is asked for a token, unless a fresh one is at hand: keep pages small.',
    status: 200,
    errors,
    params: address,
    query: z.object({ ...paging, limit: z.coerce.number().int().min(1).max(100).default(20) }),
    response: pageOf(customerSchema),
    handle: async ({ composition }, { address: name, limit, cursor }) => {
      const [after] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const page = await composition.customers.list(name, {
        limit,
        ...(after === undefined ? {} : { after }),
      })
      if (!page.ok) throw page.error
      const { customers, next } = page.value
      return {
        items: customers.map(customerToJson),
        next: next === undefined ? null : toCursor([next]),
      }
    },
  }),
  defineOperation({
    id: 'customers.consent',
    method: 'POST',
    path: '/api/v1/connections/{address}/customers/consent',
    operation: 'customers.consent',
    summary: 'Have customers consent to the application, or take that back',
    description:
      'By Partner Center, at most 40 requests a second, and as slowly as it asks. Customers that have consented are left alone, so that the same call again goes on where one broke off. With "all" one page of Partner Center’s list at a time: go on with `next`.',
    status: 200,
    errors,
    params: address,
    body: z.object({
      customers: z
        .union([z.literal('all'), z.array(z.guid()).min(1).max(mostAtOnce)])
        .describe('Ids of customers’ tenants, or "all"'),
      dry_run: z.boolean().describe('Tell what would be done, and write nothing'),
      action: z
        .enum(['grant', 'replace', 'withdraw'])
        .default('grant')
        .describe(
          '`replace` takes entries back that lack something; `withdraw` is for named customers',
        ),
      cursor: paging.cursor.describe('With "all": `next` of the answer before'),
    }),
    response: z.object({ results: z.array(outcomeSchema), next: z.string().nullable() }),
    handle: async ({ composition }, input) => {
      const { address: name, customers, dry_run: isDryRun, action, cursor } = input
      if (customers === 'all' && action === 'withdraw') {
        throw new EvergrantError(
          'request_invalid',
          '"customers": expected ids, but saw "all" with "action": "withdraw"',
        )
      }
      const options = { action, isDryRun }
      if (customers !== 'all') {
        const ids = customers.map((id) => id.toLowerCase())
        const results = await composition.customers.act(name, ids, options)
        return { results: results.map(customerOutcomeToJson), next: null }
      }
      const [after] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const page = await composition.customers.page(name, {
        limit: mostAtOnce,
        ...(after === undefined ? {} : { after }),
      })
      if (!page.ok) throw page.error
      const ids = page.value.customers.map(({ id }) => id)
      const results = await composition.customers.act(name, ids, options)
      const { next } = page.value
      return {
        results: results.map(customerOutcomeToJson),
        next: next === undefined ? null : toCursor([next]),
      }
    },
  }),
]
