import { JwtVerifier } from 'aws-jwt-verify'
import { FetchError } from 'aws-jwt-verify/error'
import { SimpleJwksCache } from 'aws-jwt-verify/jwk'
import type { Setup, Side } from '../attack.ts'
import { audience, iss } from '../forge.ts'
import { outcomeOf } from './outcome-of.ts'

const documented: Setup = {
  by: '`JwtVerifier.create`; `issuer`, `audience`, `jwksUri` (it has no option for algorithms: all it knows are asymmetric)',
  open: (issuer) => {
    const fetch = async (uri: string): Promise<ArrayBuffer> => {
      issuer.requests++
      if (issuer.isAway) throw new FetchError(uri, 'status code is 503')
      return new TextEncoder().encode(JSON.stringify(issuer.published)).buffer
    }
    const verifier = JwtVerifier.create(
      { issuer: iss, audience, jwksUri: 'https://login.microsoftonline.com/keys' },
      { jwksCache: new SimpleJwksCache({ fetcher: { fetch } }) },
    )
    return {
      verify: (token) =>
        outcomeOf(
          () => verifier.verify(token),
          // Its errors have no codes: their classes tell them apart.
          (error) => (error instanceof Error ? error.constructor.name : undefined),
        ),
    }
  },
}

/** Aws-jwt-verify, as its documentation shows for providers other than Amazon's. */
export const awsJwtVerifySide: Side = { name: 'aws-jwt-verify', documented, fetchesKeys: true }
