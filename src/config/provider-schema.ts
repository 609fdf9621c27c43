import { z } from 'zod'
import { duration, must, text } from './fields.ts'
import { endpoint, issuer, origin } from './urls.ts'

/** An id as Entra writes it. */
export const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const domain =
  /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/i
const sharedEndpoints = ['common', 'organizations', 'consumers']

/**
 * One Entra tenant, by id or domain; ids come out in lower case.
 *
 * @param orEvery Whether `*` may stand for each tenant in turn.
 */
export function tenant(
  orEvery?: 'orEvery',
): z.ZodPipe<z.ZodString, z.ZodTransform<string, string>> {
  const named = must(
    text('one tenant, by its id (a GUID) or a domain'),
    (value) => !sharedEndpoints.includes(value.toLowerCase()),
    {
      expected: 'one tenant, by its id (a GUID) or a domain',
      remedy:
        'Name your own tenant: "common", "organizations" and "consumers" never give an application a token of its own.',
    },
  )
  const isTenant = (value: string): boolean => guid.test(value) || domain.test(value)
  return must(named, (value) => isTenant(value) || (value === '*' && orEvery !== undefined), {
    expected: 'one tenant, by its id (a GUID) or a domain such as contoso.onmicrosoft.com',
    remedy: 'Copy "Tenant ID" from the overview page of the Entra admin center.',
  }).transform((value) => value.toLowerCase())
}

/** How used refresh tokens are treated; `model` has its default from the type of the provider. */
const rotation = (model: 'overlap' | 'strict') =>
  z
    .strictObject({
      model: z
        .enum(['overlap', 'strict'])
        .default(model)
        .describe(
          '`overlap`: a refresh token that was used stays valid. `strict`: it does not, and using it again may end the grant.',
        ),
      grace: duration({ least: '0s', most: '10m' })
        .prefault('0s')
        .describe(
          'For how long after its use a `strict` provider still accepts a refresh token once more, from 0s to 10m.',
        ),
    })
    .prefault({})
    .describe('How the provider treats refresh tokens that were used.')

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
    rotation: rotation('overlap'),
  })
  .describe('A Microsoft Entra tenant.')

const oidcSchema = z
  .strictObject({
    type: z.literal('oidc').describe('`oidc`: a server that publishes OpenID Connect metadata.'),
    issuer: issuer().describe(
      'The issuer identifier, exactly as in the server’s metadata; https, or http on this machine only.',
    ),
    rotation: rotation('strict'),
  })
  .describe('A server that publishes OpenID Connect metadata.')

const oauth2Schema = z
  .strictObject({
    type: z.literal('oauth2').describe('`oauth2`: a server whose endpoints are written out.'),
    tokenEndpoint: endpoint().describe(
      'Where tokens are obtained (RFC 6749 section 3.2); https, or http on this machine only.',
    ),
    authorizationEndpoint: endpoint()
      .optional()
      .describe('Where people give their consent (RFC 6749 section 3.1).'),
    revocationEndpoint: endpoint()
      .optional()
      .describe('Where tokens are revoked (RFC 7009); without it none is.'),
    introspectionEndpoint: endpoint()
      .optional()
      .describe('Where the state of tokens is asked for (RFC 7662).'),
    rotation: rotation('strict'),
  })
  .describe('An OAuth 2.0 server without metadata.')

/** A provider as written. */
export const providerSchema = z.discriminatedUnion('type', [entraSchema, oidcSchema, oauth2Schema])
