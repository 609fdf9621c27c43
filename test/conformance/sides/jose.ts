import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTVerifyOptions } from 'jose'
import { algorithmNames } from '../../../src/oauth/index.ts'
import type { Setup, Side } from '../attack.ts'
import { audience, iss } from '../forge.ts'
import { outcomeOf } from './outcome-of.ts'

const options = { issuer: iss, audience, algorithms: [...algorithmNames] }

function setUp(by: string, more: JWTVerifyOptions): Setup {
  return {
    by,
    open: (issuer) => {
      const keys = createRemoteJWKSet(new URL('https://login.microsoftonline.com/keys'), {
        [customFetch]: async () => {
          issuer.requests++
          return issuer.isAway ? new Response('', { status: 503 }) : Response.json(issuer.published)
        },
      })
      return {
        verify: (token) =>
          outcomeOf(
            () => jwtVerify(token, keys, { ...options, ...more }),
            (error) => (error instanceof errors.JOSEError ? error.code : undefined),
          ),
      }
    },
  }
}

/** Jose, as its guide shows for access tokens: a remote key set, issuer, audience, algorithms. */
export const joseSide: Side = {
  name: 'jose',
  documented: setUp(
    '`jwtVerify` over `createRemoteJWKSet`; `issuer`, `audience`, `algorithms` (asymmetric ones)',
    {},
  ),
  tightened: setUp("`requiredClaims: ['exp']`, `maxTokenAge: '1 day'`", {
    requiredClaims: ['exp'],
    maxTokenAge: '1 day',
  }),
  fetchesKeys: true,
}
