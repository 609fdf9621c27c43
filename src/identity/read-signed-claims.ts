import { err, ok, type Result } from '../kernel/index.ts'
import { algorithmOf, verifySignature } from '../oauth/index.ts'
import type { AcceptedIssuer } from './accepted-issuers.ts'
import { parseCompactJwt, signedBytes } from './compact-jwt.ts'
import type { JsonObject } from './strict-json.ts'

/**
 * Reads UserInfo that came as a JWT: signed with a key of its issuer, by an accepted algorithm,
 * issued by it for our client. Refuses with what is wrong with it.
 *
 * @param clientId Ours at the issuer: whom signed UserInfo is for.
 * @see OpenID Connect Core 1.0 section 5.3.2
 */
export async function readSignedClaims(
  jwt: string,
  { iss, keys, algorithms }: AcceptedIssuer,
  clientId: string | undefined,
): Promise<Result<JsonObject, string>> {
  const parsed = parseCompactJwt(jwt)
  if (!parsed.ok) return err(`signed UserInfo is ${parsed.error.seen}`)
  const { algorithm: name, keyId, claims, signature } = parsed.value
  const algorithm = algorithmOf(name)
  if (algorithm === undefined || !algorithms.has(name)) {
    return err('signed UserInfo is signed by an algorithm that is not accepted')
  }
  if (clientId === undefined) {
    return err('UserInfo is signed for a client, and the issuer has no "client" here')
  }
  const search = await keys.find(keyId, name)
  if (search.kind !== 'found') return err('signed UserInfo is signed with a key that is not known')
  if (!verifySignature(algorithm, search.key.key, signedBytes(parsed.value), signature)) {
    return err('the signature of UserInfo does not hold')
  }
  const { aud } = claims
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  if (claims['iss'] !== iss) return err('signed UserInfo is of another issuer')
  if (!audiences.includes(clientId)) return err('signed UserInfo is for another client')
  return ok(claims)
}
