import { z } from 'zod'
import { issuer, must, origin, text } from './fields.ts'

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const domain =
  /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/i
const sharedEndpoints = ['common', 'organizations', 'consumers']

/** One Entra tenant, by id or domain; ids come out in lower case. */
export function tenant(): z.ZodPipe<z.ZodString, z.ZodTransform<string, string>> {
  const named = must(
    text('one tenant, by its id (a GUID) or a domain'),
    (value) => !sharedEndpoints.includes(value.toLowerCase()),
    {
      expected: 'one tenant, by its id (a GUID) or a domain',
      remedy:
        'Name your own tenant: "common", "organizations" and "consumers" never give an application a token of its own.',
    },
  )
  return must(named, (value) => guid.test(value) || domain.test(value), {
    expected: 'one tenant, by its id (a GUID) or a domain such as contoso.onmicrosoft.com',
    remedy: 'Copy "Tenant ID" from the overview page of the Entra admin center.',
  }).transform((value) => value.toLowerCase())
}

const entraSchema = z
  .strictObject({
    type: z.literal('entra').describe('`entra`: Microsoft Entra ID.'),
    tenant: tenant().describe(
      'The tenant: its id (a GUID) or one of its domains; never `common` or `organizations`.',
    ),
    cloud: z
      .enum(['global', 'usgov', 'china'])
      .default('global')
      .describe('The national cloud the tenant lives in; decides login and Graph endpoints.'),
    authority: origin()
      .optional()
      .describe(
        'Origin of the login endpoint in place of the cloud’s; https, or http on this machine only.',
      ),
    graph: origin()
      .optional()
      .describe(
        'Origin of Microsoft Graph in place of the cloud’s; https, or http on this machine only.',
      ),
  })
  .describe('A Microsoft Entra tenant.')

const oidcSchema = z
  .strictObject({
    type: z.literal('oidc').describe('`oidc`: a server that publishes OpenID Connect metadata.'),
    issuer: issuer().describe(
      'The issuer identifier, exactly as in the server’s metadata; https, or http on this machine only.',
    ),
  })
  .describe('Any other OpenID Connect or OAuth 2.0 server.')

/** A provider as written. */
export const providerSchema = z.discriminatedUnion('type', [entraSchema, oidcSchema])
