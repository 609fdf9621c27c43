import * as oauth from 'oauth4webapi'
import { err, ok, type Result, type Secret } from '../kernel/index.ts'
import { readJwt } from './jwt.ts'
import { readProviderTime } from './provider-time.ts'
import { isAboutTheAnswer, type TokenContext } from './read-token-answer.ts'
import type { TokenSubject } from './token-answer.ts'

/** How far the provider’s clock may be from the one that issued the token (ms). */
const toleranceMs = 300_000

/** What an ID token is checked against. */
export interface IdTokenExpectation {
  /** `code`: the answer to a sign-in; `refresh`: a later one, whose nonce is not looked at. */
  readonly after: 'code' | 'refresh'
  /** The nonce that was sent with the sign-in; absent: the token must have none. */
  readonly nonce?: string
}

/**
 * Checks an ID token that came straight from the token endpoint and tells who it is about: issuer,
 * audience, authorized party, algorithm and nonce by the library, expiry against the provider’s own
 * clock (its `Date`, else ours) with five minutes to spare. TLS stands in for its signature.
 * Refuses with a reason that holds nothing of the token.
 *
 * @see OpenID Connect Core 1.0 sections 3.1.3.7 and 12.2
 */
export async function checkIdToken(
  idToken: Secret,
  expectation: IdTokenExpectation,
  context: TokenContext,
  headers: Headers,
): Promise<Result<TokenSubject, string>> {
  const content = readJwt(idToken.reveal())
  if (content === undefined) return err('it is no signed JWT')
  if (context.issuerOf === undefined) return err('the issuer of this provider is not known')
  const issuer = context.issuerOf(textOf(content.claims['tid'])?.toLowerCase())
  if (issuer === undefined) return err('it is of another tenant')
  try {
    const claims = await readClaims(idToken, { ...context.server, issuer }, context, expectation)
    const now = readProviderTime(headers) ?? context.now
    const { exp, nbf } = claims
    if (exp * 1_000 <= now - toleranceMs) return err('it has expired')
    if (typeof nbf === 'number' && nbf * 1_000 > now + toleranceMs) {
      return err('it is not valid yet')
    }
    return ok(readSubject(claims))
  } catch (error) {
    if (!isAboutTheAnswer(error)) throw error
    return err(explain(error))
  }
}

async function readClaims(
  idToken: Secret,
  server: oauth.AuthorizationServer,
  { clientId }: TokenContext,
  { after, nonce }: IdTokenExpectation,
): Promise<oauth.IDToken> {
  const client = {
    client_id: clientId,
    // The library reads the host’s clock, which is not the one that counts here.
    [oauth.clockTolerance]: Number.MAX_SAFE_INTEGER,
  }
  const response = Response.json({
    access_token: 'none',
    token_type: 'bearer',
    id_token: idToken.reveal(),
  })
  const body =
    after === 'refresh'
      ? await oauth.processRefreshTokenResponse(server, client, response)
      : await oauth.processAuthorizationCodeResponse(server, client, response, {
          requireIdToken: true,
          ...(nonce === undefined ? {} : { expectedNonce: nonce }),
        })
  const claims = oauth.getValidatedIdTokenClaims(body)
  if (claims === undefined) throw new Error('the library took no ID token where one was given')
  return claims
}

function readSubject(claims: oauth.IDToken): TokenSubject {
  const tenantId = textOf(claims['tid'])?.toLowerCase()
  const userName =
    textOf(claims['preferred_username']) ?? textOf(claims['upn']) ?? textOf(claims['email'])
  return {
    subject: textOf(claims['oid']) ?? claims.sub,
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(userName === undefined ? {} : { userName }),
  }
}

/** A text claim of a length that can be kept. */
function textOf(claim: unknown): string | undefined {
  return typeof claim === 'string' && claim !== '' && claim.length <= 320 ? claim : undefined
}

/** The claim at fault, if the library named one; its messages hold no values. */
function explain(error: unknown): string {
  const claim = /"([a-z_]{1,20})"/.exec(error instanceof Error ? error.message : '')?.[1]
  return claim === undefined
    ? 'it does not conform'
    : `its "${claim}" is missing or not as expected`
}
