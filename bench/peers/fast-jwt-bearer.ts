import { createPublicKey } from 'node:crypto'
import { createVerifier } from 'fast-jwt'
import { serveBearers } from './bearer-side.ts'

// fast-jwt with a key that is given, not asked for: its fastest way. Kept: up to 1,000, its default.
serveBearers(({ issuer, audience, keeps }, { jwk, algorithm }) => {
  const key = createPublicKey({ format: 'jwk', key: jwk })
  const verify = createVerifier({
    key: key.export({ format: 'pem', type: 'spki' }).toString(),
    algorithms: [algorithm],
    allowedIss: issuer,
    allowedAud: audience,
    requiredClaims: ['iss', 'aud', 'exp'],
    cache: keeps,
  })
  return (token) => (verify(token) as { readonly sub: string }).sub
})
