import { JwtVerifier } from 'aws-jwt-verify'
import { serveBearers } from './bearer-side.ts'

// aws-jwt-verify with a key set in memory, by its synchronous way.
serveBearers(({ issuer, audience }, { jwk }) => {
  const jwksUri = 'https://login.microsoftonline.com/keys'
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri })
  verifier.cacheJwks({ keys: [{ ...jwk, kty: String(jwk.kty) }] })
  return (token) => verifier.verifySync(token).sub
})
