import { z } from 'zod'
import { exactlyOneOf, instant } from './fields.ts'
import { secretReference, storedSecretReference, type ReferenceSchema } from './secret-schema.ts'

/** The kinds of client credentials; each is the field that holds it. */
export const credentialKinds = ['secret', 'certificate', 'federated'] as const

/** A client credential as written; `check-connection.ts` sees that its fields belong together. */
const credentialWith = (reference: ReferenceSchema) =>
  exactlyOneOf(
    z.strictObject({
      secret: reference
        .optional()
        .describe('Where the client secret stands. Never the secret itself.'),
      certificate: reference
        .optional()
        .describe('Where certificate and private key stand, both as PEM.'),
      federated: reference
        .optional()
        .describe(
          'Where the assertion of an outside identity provider stands; read anew for every request.',
        ),
      expiresAt: instant()
        .optional()
        .describe(
          'Day (start of it, UTC) or RFC 3339 instant when the provider stops accepting the credential; for reminders only.',
        ),
      via: z
        .enum(['post', 'basic'])
        .optional()
        .describe(
          'Only for `secret`, by default `post`: how it is sent, `post` in the form body or `basic` in the Authorization header (RFC 6749 section 2.3.1).',
        ),
      algorithm: z
        .enum(['PS256', 'RS256'])
        .optional()
        .describe(
          'Only for `certificate`, by default `PS256`: how assertions are signed, `PS256` with `x5t#S256` or `RS256` with `x5t`.',
        ),
    }),
    credentialKinds,
    {
      expected: 'exactly one of "secret", "certificate" and "federated"',
      remedy: 'Write one credential an entry, such as - secret: { env: NAME }.',
    },
  ).describe('One client credential; exactly one of `secret`, `certificate` and `federated`.')

/** A client credential of the file. */
export const credentialSchema = credentialWith(secretReference)

/** A client credential of a connection that is kept in the store. */
export const storedCredentialSchema: typeof credentialSchema = credentialWith(storedSecretReference)
