import { z } from 'zod'
import { guidance, instant, problemSchema } from './fields.ts'

const target = { resource: z.string().optional(), scope: z.string().optional() }

/** That a connection hands out no token until someone resumes it. */
export const pauseSchema = z
  .object({
    at: instant,
    by: z.string(),
    reason: z.string().nullable(),
    keeps_alive: z.boolean().describe('Whether its refresh token is used in time all the same'),
  })
  .meta({ id: 'Pause' })

/** A connection as defined, and how it stands; no secret. */
export const connectionSchema = z
  .object({
    name: z.string().describe('`name`, or `name@tenant`'),
    defined_in: z.enum(['file', 'store']),
    provider: z.string(),
    provider_type: z.string().optional(),
    host: z.string().optional(),
    tenant: z.string().nullable(),
    client_id: z.string(),
    grant: z.string(),
    paused: pauseSchema.nullable(),
    ...target,
    upstreams: z.record(z.string(), z.object({ url: z.string().nullable(), ...target })),
    state: z
      .string()
      .describe(
        '`unused`, `valid`, `failing`, `expired`, `lapsed`, `refresh_unknown`, `revoked`, `orphaned`, `paused`; `template` gives tokens as `name@tenant`',
      ),
    lapsing: z
      .boolean()
      .optional()
      .describe('The grant has lapsed, while a token still lives: no other follows it'),
    grant_id: z.string().nullable().optional(),
    grant_state: z.string().nullable().optional(),
    subject: z.string().nullable().optional(),
    token_issued_at: instant.nullable().optional(),
    token_expires_at: instant.nullable().optional(),
    token_remaining_seconds: z.int().nullable().optional(),
    renew_at: instant.nullable().optional(),
    refresh_token: z
      .object({
        version: z.int(),
        obtained_at: instant.nullable(),
        last_used_at: instant.nullable(),
        expires_at: instant.nullable(),
        idle_expires_at: instant.nullable(),
        unknown_since: instant.nullable(),
      })
      .nullable()
      .optional(),
    keep_alive_at: instant.nullable().optional(),
    credentials: z
      .array(z.object({ position: z.int(), kind: z.string(), expires_at: instant.nullable() }))
      .optional(),
    last_refreshed_at: instant.nullable().optional(),
    refresh_count: z.int().optional(),
    next_attempt_at: instant.nullable().optional(),
    last_failure: z
      .object({
        code: z.string(),
        detail: z.string(),
        remedy: z.string(),
        ...guidance,
        at: instant.nullable(),
        upstream: z.record(z.string(), z.unknown()).nullable(),
      })
      .nullable()
      .optional(),
    store_reachable: z.boolean().optional(),
  })
  .meta({ id: 'Connection' })

/** One thing that was tried. */
export const checkSchema = z
  .object({
    check: z.string(),
    status: z.string().describe('`ok`, `warn`, `fail` or `skip`'),
    found: z.string(),
    remedy: z.string().optional(),
    meaning: guidance.meaning.optional(),
    steps: guidance.steps.optional(),
    link: guidance.link.optional(),
    actor: guidance.actor.optional(),
    connection: z.string().optional(),
    upstream: z.string().optional(),
    code: z.string().optional(),
  })
  .loose()
  .meta({ id: 'Check' })

/** What came of a revocation. */
export const revocationSchema = z
  .object({
    name: z.string(),
    state: z.literal('revoked'),
    at_provider: z.enum(['revoked', 'unsupported', 'failed', 'nothing']),
    error: problemSchema.optional(),
  })
  .meta({ id: 'Revocation' })
