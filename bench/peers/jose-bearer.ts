import { createLocalJWKSet, jwtVerify } from 'jose'
import { serveBearers } from './bearer-side.ts'

// jose: a key set in memory, issuer, audience and algorithm.
serveBearers(({ issuer, audience }, { jwk, algorithm }) => {
  const keys = createLocalJWKSet({ keys: [{ ...jwk, kty: String(jwk.kty) }] })
  const options = { issuer, audience, algorithms: [algorithm] }
  return async (token) => (await jwtVerify(token, keys, options)).payload.sub
})
