import { z } from 'zod'
import { permittedSchema, roleSchema } from './caller-schema.ts'
import { instant } from './fields.ts'

/** A session as the API sends it. */
export const sessionSchema = z
  .object({
    id: z.string(),
    issuer: z.string().describe('Name in the configuration'),
    user_name: z.string().nullable(),
    account: z
      .object({ tenant_id: z.string(), kind: z.string(), id: z.string() })
      .nullable()
      .describe('Null where its issuer needs none'),
    role: roleSchema.nullable(),
    connections: permittedSchema,
    created_at: instant,
    expires_at: instant,
  })
  .meta({ id: 'Session' })
