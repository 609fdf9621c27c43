import { z } from 'zod'
import { instant } from './fields.ts'

/** A role of our own API. */
export const roleSchema = z.enum(['viewer', 'operator', 'admin'])

/** Which connections a caller may call. */
export const permittedSchema = z
  .union([z.array(z.string().max(64)).max(1_000), z.literal('*')])
  .describe('Names of connections, or `*` for all')

/** A caller as the API sends it. */
export const callerSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    role: roleSchema.nullable(),
    connections: permittedSchema,
    upstream: z.string().nullable(),
    allow_tokens: z.boolean(),
    rate: z.number().nullable().describe('Requests a second'),
    concurrency: z.int().nullable(),
    created_at: instant,
    revoked_at: instant.nullable(),
  })
  .meta({ id: 'Caller' })
