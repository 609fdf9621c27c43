import { z } from 'zod'
import { credentialSchema, storedCredentialSchema } from './credential-schema.ts'
import { duration, flag, mapName, must, text } from './fields.ts'
import { tenant } from './provider-schema.ts'
import { upstreamFields } from './upstream-schema.ts'

const isUri = (value: string): boolean =>
  /^[A-Za-z][A-Za-z0-9+.-]*:[^\s#"\\]+$/.test(value) &&
  // User and password are no part of an API's name, and would stand in the store and in listings.
  !/^[^:]*:\/\/[^/?]*@/.test(value)
const isGuid = (value: string): boolean =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)

const resource = must(text('a resource'), (value) => isUri(value) || isGuid(value), {
  expected:
    'a resource: an absolute URI without fragment or user name, or an application id (a GUID)',
  remedy: 'Write the API’s identifier, such as https://graph.microsoft.com.',
})
const scope = must(
  text('scopes'),
  (value) => /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(value),
  {
    expected: 'scopes parted by single blanks (RFC 6749 section 3.3)',
    remedy: 'Write the scopes the API documents.',
  },
)

const requires = z
  .array(
    must(text('a permission'), (value) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value), {
      expected: 'one permission: a scope without blanks (RFC 6749 section 3.3)',
      remedy: 'Write it as the API documents it, such as User.Read.',
    }),
  )
  .max(100)
  .optional()

/** How the sign-in of a partner is tried on its customers. */
const customers = z
  .strictObject({
    sample: z
      .array(tenant())
      .max(20)
      .default([])
      .describe(
        'Customers whose tenants are tried after every sign-in, up to 20: ids or domains. Default: the first of Partner Center’s list.',
      ),
    first: z
      .int()
      .min(0)
      .max(20)
      .default(1)
      .describe(
        'How many of Partner Center’s list are tried where `sample` names none, from 0 to 20.',
      ),
    required: flag()
      .default(false)
      .describe(
        'Whether a customer that fails also fails the sign-in; by default it is told, and changes nothing.',
      ),
  })
  .optional()
  .describe(
    'Lets the one grant of a partner serve its customers: `connection@CUSTOMER`, an id or a domain, gives tokens of that tenant. `{}` for the defaults. Only `entra` with `authorization_code`.',
  )

const upstream = z
  .strictObject({
    ...upstreamFields,
    resource: resource
      .optional()
      .describe(
        'The API its tokens are for (RFC 8707). Default: what the connection’s tokens are for. Not together with `scope`.',
      ),
    scope: scope
      .optional()
      .describe('The scopes its tokens are asked for with. Not together with `resource`.'),
    requires: requires.describe(
      'Permissions its tokens must hold, such as `User.Read`: `connections permissions` tells which are missing, and a sign-in without them does not serve. Default: those named in `scope`.',
    ),
  })
  .describe('An API behind the connection.')

const refresh = z
  .strictObject({
    before: duration({ least: '1s', most: '1d' })
      .prefault('5m')
      .describe(
        'Remaining life below which a token is renewed in the background, from 1s to 1d; never more than half its life counts.',
      ),
    maxAge: duration({ least: '1s', most: '30d' })
      .optional()
      .describe(
        'Age at which a token counts as expired, from 1s to 30d, for APIs whose session is shorter than the token says.',
      ),
    assumedLife: duration({ least: '1s', most: '30d' })
      .optional()
      .describe('Life of a token, from 1s to 30d, when the provider does not say.'),
    keepWarm: flag()
      .default(false)
      .describe('Whether tokens are renewed without any caller, so that a fresh one is at hand.'),
  })
  .prefault({})
  .describe('When tokens are renewed.')

/** A connection as written; `check-connection.ts` holds the rules that look at several fields. */
const connectionWith = (credential: typeof credentialSchema) =>
  z
    .strictObject({
      provider: text('the name of a provider').describe(
        'Name of the provider, a key of `providers`.',
      ),
      tenant: tenant('orEvery')
        .optional()
        .describe(
          'A tenant in place of the provider’s (only `entra`): its id or one of its domains; `*` makes the connection a template, used as `connection@tenant`.',
        ),
      client: z
        .strictObject({
          id: must(text('a client id'), (id) => /^[\x21-\x7e]+$/.test(id), {
            expected: 'a client id: printable characters without blanks',
            remedy: 'Copy "Application (client) ID" from the registration’s overview page.',
          }).describe('The client id of our registration (Entra: "Application (client) ID").'),
          credentials: z
            .array(credential)
            .describe(
              'Client credentials in the order in which they are tried. At least one, but for public clients, which have none: `[]`, with the grant `authorization_code` alone.',
            ),
        })
        .describe('Our registration at the provider.'),
      grant: z
        .enum(['client_credentials', 'authorization_code'])
        .describe(
          'How tokens are obtained: `client_credentials`, as the application itself; `authorization_code`, by the consent of a person and a refresh token since.',
        ),
      resource: resource
        .optional()
        .describe(
          'The API the tokens are for (RFC 8707). Default: that of `upstream` or of the first of `upstreams`; for `entra` Microsoft Graph of the provider’s cloud. Not together with `scope`.',
        ),
      scope: scope
        .optional()
        .describe(
          'The scopes to ask for, parted by blanks; `entra` with `client_credentials`: one resource followed by `/.default`. Not together with `resource`.',
        ),
      requires: requires.describe(
        'Permissions the connection’s own tokens must hold, as those of an upstream.',
      ),
      customers,
      upstream: upstream.optional().describe('The API behind the connection.'),
      upstreams: z
        .record(mapName(), upstream)
        .optional()
        .describe(
          'Several APIs behind the connection, by name, each with the fields of `upstream`. Not together with `upstream`.',
        ),
      refresh,
    })
    .describe('One connection: provider, client, grant and what the tokens are for.')

/** A connection of the file. */
export const connectionSchema = connectionWith(credentialSchema)

/** A connection that is kept in the store: the same, and its secrets may be sealed there. */
export const storedConnectionSchema = connectionWith(storedCredentialSchema)

/** An upstream as the schema reads it. */
export type UpstreamEntry = z.output<typeof upstream>

/** A connection as the schema reads it, before references and defaults are resolved. */
export type ConnectionEntry = z.output<typeof storedConnectionSchema>
