import { z } from 'zod'
import { instant } from './fields.ts'

/** An entry of the record as the API sends it. */
export const auditEntrySchema = z
  .object({
    id: z.string(),
    at: instant,
    actor: z.string().describe('Name of a caller key, or name and id of who signed in'),
    actor_kind: z
      .enum(['key', 'session', 'console', 'command', 'evergrant'])
      .describe('`command`: a user of the operating system, at the command line'),
    action: z.string().describe('An operation of this API, `console.…`, or the type of an event'),
    target: z.string(),
    connection: z.string().nullable(),
    outcome: z.enum(['done', 'refused']),
    code: z.string().nullable().describe('Of a refusal'),
    before: z.unknown().describe('How it stood, without secrets; null where that is not told'),
    after: z.unknown(),
    request_id: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' })
