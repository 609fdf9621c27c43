import { z } from 'zod'
import { roleSchema } from './caller-schema.ts'
import { instant } from './fields.ts'

/** The kind of an account. */
export const kindSchema = z.enum(['user', 'servicePrincipal'])

/** Names an account in a path. */
export const accountParams = z.object({
  tenant: z.string().min(1).max(100).describe('Id of the tenant'),
  id: z.string().min(1).max(100).describe('Object id'),
})

/** Which of two accounts of one id is meant; there hardly ever are two. */
export const kindWish = kindSchema.default('user').describe('What the account is')

const links = {
  role: roleSchema.nullable().describe('What it may do besides what rules of issuers allow'),
  connections: z.array(z.string()),
}
const key = {
  tenant_id: z.string(),
  kind: kindSchema,
  id: z.string(),
}

/** An account as the API sends it. */
export const accountSchema = z
  .object({
    ...key,
    name: z.string().describe('userPrincipalName, displayName or mail, else the id'),
    account_enabled: z.boolean().nullable().describe('As the directory says'),
    disabled: z
      .object({ at: instant, by: z.string(), reason: z.string().nullable() })
      .nullable()
      .describe('Disabled here, whatever the directory says'),
    person: z.object({ id: z.string(), name: z.string(), ...links }).nullable(),
    imported: z.boolean().describe('False: it is disabled here, but no import knows it'),
    updated_at: instant.nullable(),
    properties: z.record(z.string(), z.unknown()).describe('As imported from Microsoft Graph'),
  })
  .meta({ id: 'Account' })

/** A person as the API sends it. */
export const personSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    created_at: instant,
    accounts: z.array(z.object({ ...key, ...links })),
  })
  .meta({ id: 'Person' })
