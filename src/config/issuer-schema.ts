import { z } from 'zod'
import { duration, listOf, must, text } from './fields.ts'
import { guid } from './provider-schema.ts'
import { issuer, origin } from './urls.ts'

const tenantId = must(text('the id of a tenant'), (value) => guid.test(value), {
  expected: 'the id of a tenant (a GUID)',
  remedy:
    'Copy "Tenant ID" from the overview page of the Entra admin center: tokens name tenants by their ids.',
}).transform((value) => value.toLowerCase())

const common = {
  audiences: listOf(text('an audience'), 1, {
    expected: 'at least one audience',
    remedy:
      'Write what "aud" of tokens for this API holds; `evergrant explain` shows it: the application id (version 2), or its App ID URI (version 1).',
  }).describe(
    'Whom tokens may be for: values of `aud`, compared letter by letter. At Entra the application id of the API (version 2), its App ID URI (version 1), or both.',
  ),
  skew: duration({ least: '0s', most: '5m' })
    .prefault('60s')
    .describe('How far clocks may be apart, from 0s to 5m.'),
  longestLife: duration({ least: '1m', most: '30d' })
    .prefault('30h')
    .describe(
      'Longest life of a token, from its issue on; tokens that say more are refused. From 1m to 30d.',
    ),
  idTokens: z
    .boolean()
    .default(false)
    .describe('Whether ID tokens are accepted in place of access tokens. Leave it out if you can.'),
}

/** An issuer, as written. */
export const issuerSchema = z
  .discriminatedUnion('type', [
    z
      .strictObject({
        type: z.literal('entra').describe('`entra`: Microsoft Entra ID, version 1 and 2 tokens.'),
        tenants: z
          .array(tenantId)
          .min(1)
          .describe('Tenants whose tokens are accepted, by their ids. At least one.'),
        cloud: z
          .enum(['global', 'usgov', 'china'])
          .default('global')
          .describe('The national cloud of the tenants.'),
        authority: origin()
          .optional()
          .describe('Origin of the login endpoint in place of the cloud’s.'),
        ...common,
      })
      .describe('Tenants of Microsoft Entra ID.'),
    z
      .strictObject({
        type: z
          .literal('oidc')
          .describe('`oidc`: a server that publishes OpenID Connect metadata.'),
        issuer: issuer().describe('Its issuer identifier, as in its metadata and in `iss`.'),
        ...common,
      })
      .describe('An OpenID provider.'),
  ])
  .describe('An authorization server whose tokens callers may bring along.')
