import { z } from 'zod'
import { describePermissions, type ConnectionPermissions } from '../connection-permissions.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const address = z.object({
  address: z.string().min(1).max(200).describe('`name`, or `name@tenant`'),
})

const permissionsSchema = z
  .object({
    targets: z.array(
      z.object({
        target: z.string().describe('What the tokens are for, in canonical form'),
        required: z.array(z.string()),
        granted: z.array(z.string()),
        missing: z.array(z.string()),
        additional: z.array(z.string()),
        source: z
          .enum(['token', 'answer', 'none'])
          .describe('Where `granted` is from; nothing is missing by `none`'),
      }),
    ),
    reconsent_url: z
      .string()
      .nullable()
      .describe('Asks the account for what is missing alone; null where nothing is'),
    admin_consent_url: z
      .string()
      .nullable()
      .describe('Asks an administrator of the tenant; a sign-in must follow'),
  })
  .meta({ id: 'Permissions' })

/** Permissions as the API and `--json` show them. */
export function permissionsToJson({
  targets,
  reconsentUrl,
  adminConsentUrl,
}: ConnectionPermissions): z.input<typeof permissionsSchema> {
  return {
    targets: targets.map(({ target, required, granted, missing, additional, source }) => ({
      target,
      required: [...required],
      granted: [...granted],
      missing: [...missing],
      additional: [...additional],
      source,
    })),
    reconsent_url: reconsentUrl ?? null,
    admin_consent_url: adminConsentUrl ?? null,
  }
}

/** What the tokens of a connection may do. */
export const permissionOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'connections.permissions',
    method: 'GET',
    path: '/api/v1/connections/{address}/permissions',
    operation: 'connections.read',
    summary: 'What the tokens of a connection must hold, and what they hold',
    description:
      'Required: scopes that are named, and `requires` of the configuration. Granted: what the newest token says, alive or not; nobody is asked. Both addresses lead back to `/consent/admin`, which must be registered as a redirect URI.',
    status: 200,
    errors: ['connection_unknown', 'tenant_required', 'tenant_invalid'],
    params: address,
    response: permissionsSchema,
    handle: async ({ composition, publicUrl }, input) =>
      permissionsToJson(await describePermissions(composition, input.address, publicUrl())),
  }),
]
