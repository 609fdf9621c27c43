import { z } from 'zod'
import { duration, exactlyOneOf, filePath, instant, must, text, variableName } from './fields.ts'
import { tenant } from './provider-schema.ts'

/** A secret by reference; the secret itself never stands in the file. */
export const secretReferenceSchema = exactlyOneOf(
  z.strictObject({
    env: variableName().optional().describe('Environment variable that holds the secret.'),
    file: filePath()
      .optional()
      .describe(
        'File that holds the secret, relative to the configuration file; trailing newlines are not part of it.',
      ),
  }),
  ['env', 'file'],
  {
    expected: 'exactly one of "env" and "file"',
    remedy: 'Say where the secret stands: { env: NAME } or { file: PATH }.',
  },
)

const credentialSchema = z
  .strictObject({
    secret: secretReferenceSchema.describe(
      'Where the client secret stands; exactly one of `env` and `file`. Never the secret itself.',
    ),
    expiresAt: instant()
      .optional()
      .describe(
        'Day (start of it, UTC) or RFC 3339 instant when the provider stops accepting the secret; for reminders only.',
      ),
    via: z
      .enum(['post', 'basic'])
      .default('post')
      .describe(
        'How the secret is sent: `post` in the form body, `basic` in the Authorization header (RFC 6749 section 2.3.1).',
      ),
  })
  .describe('One client credential.')

const isUri = (value: string): boolean => /^[A-Za-z][A-Za-z0-9+.-]*:[^\s#"\\]+$/.test(value)
const isGuid = (value: string): boolean =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)

/** A connection as written; `check-references.ts` holds the rules that look at its provider. */
export const connectionSchema = z
  .strictObject({
    provider: text('the name of a provider').describe(
      'Name of the provider, a key of `providers`.',
    ),
    tenant: tenant()
      .optional()
      .describe(
        'A tenant in place of the provider’s (only `entra`): its id or one of its domains.',
      ),
    client: z
      .strictObject({
        id: must(text('a client id'), (id) => /^[\x21-\x7e]+$/.test(id), {
          expected: 'a client id: printable characters without blanks',
          remedy: 'Copy "Application (client) ID" from the registration’s overview page.',
        }).describe('The client id of our registration (Entra: "Application (client) ID").'),
        credentials: must(
          z.array(credentialSchema).meta({ minItems: 1 }),
          (credentials) => credentials.length > 0,
          {
            expected: 'at least one credential',
            remedy: 'Add one: - secret: { env: NAME }.',
          },
        ).describe('Client credentials in order of preference. At least one.'),
      })
      .describe('Our registration at the provider.'),
    grant: z
      .enum(['client_credentials'])
      .describe('How tokens are obtained: `client_credentials`, as the application itself.'),
    resource: must(text('a resource'), (value) => isUri(value) || isGuid(value), {
      expected: 'a resource: an absolute URI without fragment, or an application id (a GUID)',
      remedy: 'Write the API’s identifier, such as https://graph.microsoft.com.',
    })
      .optional()
      .describe(
        'The API the tokens are for (RFC 8707). Default for `entra`: Microsoft Graph of the provider’s cloud. Not together with `scope`.',
      ),
    scope: must(
      text('scopes'),
      (value) => /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(value),
      {
        expected: 'scopes parted by single blanks (RFC 6749 section 3.3)',
        remedy: 'Write the scopes the API documents.',
      },
    )
      .optional()
      .describe(
        'The scopes to ask for, parted by blanks; `entra`: one resource followed by `/.default`. Not together with `resource`.',
      ),
    refresh: z
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
      })
      .prefault({})
      .describe('When tokens are renewed.'),
  })
  .describe('One connection: provider, client, grant and what the tokens are for.')
