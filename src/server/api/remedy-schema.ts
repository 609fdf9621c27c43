import { z } from 'zod'
import { guidance } from './fields.ts'

/** What is known of one code, as the API sends it. */
export const remedySchema = z
  .object({
    code: z.string().describe('Of ours, `AADSTS` and a number, or a number of Partner Center’s'),
    title: z.string(),
    ...guidance,
    meaning: z.string().describe('What happened, plainly'),
    remedy: z.string(),
    retry: z.enum(['never', 'later', 'now']).describe('Whether trying again can help'),
    at_customer: z
      .object({ actor: guidance.actor, steps: guidance.steps })
      .nullable()
      .describe('What differs where the tenant of a partner’s customer answered so'),
  })
  .meta({ id: 'Remedy' })
