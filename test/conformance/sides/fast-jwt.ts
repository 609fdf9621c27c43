import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { createVerifier, TokenError } from 'fast-jwt'
import type { Issuer, Setup, Side } from '../attack.ts'
import { audience, iss } from '../forge.ts'
import { outcomeOf } from './outcome-of.ts'

/** Options beyond those of the documentation's example. */
interface More {
  readonly requiredClaims?: string[]
  readonly maxAge?: number
  readonly cache?: boolean
}

/** It asks a callback of the application for each key: here one that looks at the key set. */
function keyOf({ published }: Issuer, kid: unknown): string {
  const { keys } = published as { readonly keys: readonly JsonWebKey[] }
  const jwk = keys.find((key) => key['kid'] === kid)
  if (jwk === undefined) throw new Error('no such key')
  const key = createPublicKey({ format: 'jwk', key: jwk })
  return key.export({ format: 'pem', type: 'spki' }).toString()
}

function setUp(by: string, more: More): Setup {
  return {
    by,
    open: (issuer) => {
      const verify = createVerifier({
        key: async ({ header }: { header: { kid?: unknown } }) => keyOf(issuer, header.kid),
        allowedIss: iss,
        allowedAud: audience,
        algorithms: [
          'RS256',
          'RS384',
          'RS512',
          'PS256',
          'PS384',
          'PS512',
          'ES256',
          'ES384',
          'ES512',
          'EdDSA',
        ],
        ...more,
      })
      return {
        verify: (token) =>
          outcomeOf(
            () => verify(token),
            (error) => (error instanceof TokenError ? error.code : undefined),
          ),
      }
    },
  }
}

/** Fast-jwt, with the options of its documentation for issuer, audience and algorithms. */
export const fastJwtSide: Side = {
  name: 'fast-jwt',
  documented: setUp(
    '`createVerifier`; `key` (a callback that finds the key by `kid`), `allowedIss`, `allowedAud`, `algorithms` (asymmetric ones)',
    {},
  ),
  tightened: setUp("`requiredClaims: ['iss', 'aud', 'exp', 'iat']`, `maxAge` of a day", {
    requiredClaims: ['iss', 'aud', 'exp', 'iat'],
    maxAge: 86_400_000,
  }),
  keeping: setUp('`cache: true`', { cache: true }),
  fetchesKeys: false,
}
