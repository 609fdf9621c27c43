import { z } from 'zod'
import { errorCodeSchema, guidance, instant } from './fields.ts'

const rungSchema = z
  .object({
    name: z.string().describe('Of the proof; never renamed'),
    title: z.string().describe('For people'),
    outcome: z.enum(['waiting', 'running', 'passed', 'failed', 'unverified']),
    detail: z.string().nullable(),
    code: errorCodeSchema.nullable(),
    remedy: z.string().nullable(),
    meaning: guidance.meaning,
    steps: z.array(z.string()).describe('What to do, in this order; none without remedy'),
    link: guidance.link,
    actor: guidance.actor.nullable(),
    request_ids: z.array(z.string()).describe('What APIs called the requests'),
    at: instant.nullable(),
  })
  .meta({ id: 'ConsentRung' })

/** States of a consent session. */
export const consentStates = [
  'created',
  'code_received',
  'verifying',
  'active',
  'failed',
  'expired',
  'cancelled',
] as const

/** One attempt to obtain consent. */
export const consentSchema = z
  .object({
    id: z.string(),
    connection: z.string(),
    tenant: z.string().nullable(),
    purpose: z.enum(['connect', 'reconnect']),
    state: z.enum(consentStates),
    state_changed_at: instant,
    created_at: instant,
    expires_at: instant.describe('Until when it can be finished'),
    started_by: z.string(),
    redirect_uri: z.string().describe('Must be registered with the application, exactly so'),
    expected_subject: z.string().nullable().describe('Who serves now; another one needs approval'),
    approves_account: z.boolean(),
    link: z.object({ id: z.string(), recipient: z.string() }).nullable(),
    account: z
      .object({
        subject: z.string(),
        user_name: z.string().nullable(),
        tenant_id: z.string().nullable(),
      })
      .nullable()
      .describe('Who signed in'),
    rungs: z.array(rungSchema),
    unverified: z.int().describe('Rungs that could not be shown either way'),
    failure: z
      .object({
        code: errorCodeSchema,
        title: z.string(),
        detail: z.string(),
        remedy: z.string(),
        ...guidance,
      })
      .nullable(),
  })
  .meta({ id: 'Consent' })

/** A hand-off link. */
export const linkSchema = z
  .object({
    id: z.string(),
    connection: z.string(),
    tenant: z.string().nullable(),
    recipient: z.string(),
    note: z.string().nullable(),
    approves_account: z.boolean(),
    state: z
      .enum([
        'created',
        'opened',
        'started',
        'code_received',
        'verifying',
        'active',
        'failed',
        'expired',
        'revoked',
      ])
      .describe('`started`: the recipient was led to the provider; a failed one may start again'),
    state_changed_at: instant,
    created_at: instant,
    created_by: z.string(),
    expires_at: instant,
    opened_at: instant.nullable(),
    consent_id: z.string().nullable().describe('The newest sign-in that it began'),
  })
  .meta({ id: 'ConsentLink' })
