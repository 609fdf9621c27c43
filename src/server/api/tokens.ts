import { z } from 'zod'
import { requireTokens } from '../../access/index.ts'
import { beginTokenTrace } from '../../gateway/index.ts'
import { err, EvergrantError, isEvergrantError, ok } from '../../kernel/index.ts'
import { bodyWords, chooseTarget, withTenant } from '../token-wish.ts'
import { instant, toWire } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const tokenSchema = z
  .object({
    access_token: z.string(),
    token_type: z.string(),
    expires_in: z.int().describe('Seconds'),
    expires_at: instant,
    resource: z.string().optional(),
    scope: z.string().optional(),
  })
  .meta({ id: 'Token' })

/** The one operation that answers with a raw token. */
export const tokenOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'tokens.issue',
    method: 'POST',
    path: '/api/v1/connections/{address}/token',
    operation: 'tokens.issue',
    summary: 'Hand out an access token of a connection',
    description:
      'For callers that are permitted the connection and raw tokens (`--allow-tokens`). Every hand-out is a trace, refusals included; `Evergrant-Trace` names it.',
    status: 200,
    errors: [
      'permit_missing',
      'tokens_not_allowed',
      'connection_unknown',
      'tenant_required',
      'tenant_invalid',
      'token_life_too_short',
      'token_wait_timeout',
      'client_rejected',
      'grant_lapsed',
      'consent_needed',
      'grant_revoked',
      'connection_paused',
      'customer_refused',
      'refresh_unknown',
      'provider_unreachable',
      'provider_unavailable',
      'provider_throttled',
    ],
    params: z.object({
      address: z.string().min(1).max(200).describe('`name`, or `name@tenant` of a template'),
    }),
    body: z.object({
      tenant: z.string().min(1).max(200).optional().describe('In place of `@tenant`'),
      upstream: z.string().max(64).optional().describe('An upstream of the connection'),
      resource: z
        .string()
        .max(2_000)
        .optional()
        .describe('A resource of the connection or of one of its upstreams'),
      min_remaining_seconds: z
        .number()
        .min(0)
        .max(86_400)
        .default(0)
        .describe('A token that lives shorter than this is refused'),
    }),
    response: tokenSchema,
    handle: async ({ composition, recorder }, input, { caller, requestId, reply }) => {
      const { clock, engine } = composition
      const address = withTenant(input.address, input, bodyWords)
      const [name = '', tenant] = address.split('@')
      const trace = beginTokenTrace(recorder, clock, {
        connection: address,
        ...(input.upstream === undefined ? {} : { upstream: input.upstream }),
        callerId: caller.id,
        callerName: caller.name,
        requestId,
        door: `/api/v1/connections/${address}/token`,
      })
      reply.header('evergrant-trace', trace.id)
      try {
        const refusal = requireTokens(caller, name, input.upstream, tenant)
        if (refusal !== undefined) throw refusal
        const target = chooseTarget(engine.connection(address).definition, input, bodyWords)
        const granted = await engine
          .connection(address, { target })
          .getToken({ minRemainingMs: input.min_remaining_seconds * 1_000 })
        if (!granted.ok) throw granted.error
        const { token } = granted.value
        trace.end(ok(token), 200)
        return {
          access_token: token.secret.reveal(),
          token_type: token.tokenType,
          expires_in: Math.max(0, Math.floor((token.expiresAt - clock.now()) / 1_000)),
          expires_at: toWire(token.expiresAt),
          ...target,
        }
      } catch (error) {
        const known = isEvergrantError(error)
          ? error
          : new EvergrantError('internal', 'a fault of ours ended the request', { cause: error })
        trace.end(err(known), known.definition.status)
        throw error
      }
    },
  }),
]
