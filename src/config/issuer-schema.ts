import { z } from 'zod'
import { accessRule } from './access-rule-schema.ts'
import { credentialSchema } from './credential-schema.ts'
import { duration, flag, listOf, must, text } from './fields.ts'
import { claimName, claimSources, matchRule } from './match-rule-schema.ts'
import { guid } from './provider-schema.ts'
import { endpoint, issuer, origin } from './urls.ts'

const tenantId = must(text('the id of a tenant'), (value) => guid.test(value), {
  expected: 'the id of a tenant (a GUID)',
  remedy:
    'Copy "Tenant ID" from the overview page of the Entra admin center: tokens name tenants by their ids.',
}).transform((value) => value.toLowerCase())

const scopeToken = must(
  text('a permission'),
  (value) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value),
  {
    expected: 'one permission, without blanks',
    remedy: 'Write it as it stands in `scp` or `roles`, one an entry.',
  },
)

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
  claims: listOf(z.enum(claimSources), 1, {
    expected: `at least one of ${claimSources.join(', ')}`,
    remedy: 'Write claims: [token], or leave it out.',
  })
    .default(['token'])
    .describe(
      'Where claims come from, in order; a later source only adds. `token`: the verified access token. `id_token`: an ID token, accepted in its place. `introspection`: RFC 7662, for tokens that are no JWTs. `userinfo`: what the issuer’s UserInfo endpoint says, for a token that it accepts.',
    ),
  match: z
    .array(matchRule)
    .optional()
    .describe(
      'How the account of a caller is found. The first rule whose claims are all there decides; none found, or several, is a refusal. Default with `entra`: `oid` is the column `id`. `[]`: callers need no account, they are who the token says.',
    ),
  userName: claimName
    .default('preferred_username')
    .describe('The claim that is shown as the name of the caller. Nothing is decided by it.'),
  scopes: listOf(scopeToken, 0)
    .default([])
    .describe(
      'Permissions of which a token needs one, in `scp`, `scope` or `roles`. Empty: none is needed.',
    ),
  access: z
    .array(accessRule)
    .default([])
    .describe('What callers may do; all rules that apply add up. Without one: nothing but `me`.'),
  client: z
    .strictObject({
      id: text('a client id').describe('Client id of the registration at this issuer.'),
      credentials: z
        .array(credentialSchema)
        .describe('Client credentials in the order in which they are tried; `[]` for none.'),
    })
    .optional()
    .describe(
      'Who asks for introspection, who redeems authorization codes for sessions, and who people sign in to the console with.',
    ),
  introspection: z
    .strictObject({
      endpoint: endpoint()
        .optional()
        .describe('Its address. Default: `introspection_endpoint` of the issuer’s metadata.'),
      clients: listOf(text('a client id'), 0)
        .default([])
        .describe(
          'Clients whose tokens are accepted although the answer names no audience (`client_id`).',
        ),
    })
    .prefault({})
    .describe('Only with the source `introspection` (RFC 7662).'),
  userinfo: z
    .strictObject({
      endpoint: endpoint()
        .optional()
        .describe('Its address. Default: `userinfo_endpoint` of the issuer’s metadata.'),
      acceptAnyAudience: flag()
        .default(false)
        .describe(
          'Needed where UserInfo is the only proof of a token: it says nothing of whom a token is for, so that any application the caller ever signed in to could use its token here.',
        ),
    })
    .prefault({})
    .describe('Only with the source `userinfo`.'),
  sessions: z
    .strictObject({
      longest: duration({ least: '1m', most: '30d' })
        .prefault('8h')
        .describe('Longest life of a session, from 1m to 30d; never longer than the token’s.'),
    })
    .prefault({})
    .describe('Sessions that callers take in exchange for a token or a code.'),
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
        groups: z
          .strictObject({
            connection: must(
              text('the name of a connection'),
              (value) => /^[^@\s]+(@[^@\s]+)?$/.test(value),
              {
                expected: 'the name of a connection, or template@tenant',
                remedy: 'Name the connection alone; a template is followed by the tenant.',
              },
            ).describe(
              'Asked for the groups of a caller, at Graph, when the token has more than fit or none. Of a template the caller’s own tenant is taken.',
            ),
          })
          .optional()
          .describe('Who is asked when `access` needs groups that the token does not have.'),
        ...common,
      })
      .describe('Tenants of Microsoft Entra ID.'),
    z
      .strictObject({
        type: z
          .literal('oidc')
          .describe('`oidc`: a server that publishes OpenID Connect metadata.'),
        issuer: issuer().describe('Its issuer identifier, as in its metadata and in `iss`.'),
        tenant: tenantId
          .optional()
          .describe('The tenant whose accounts its callers are; matching is confined to it.'),
        ...common,
      })
      .describe('An OpenID provider.'),
  ])
  .describe('An authorization server whose tokens callers may bring along.')
