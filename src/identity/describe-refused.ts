import type { AcceptedIssuers } from './accepted-issuers.ts'
import { parseCompactJwt } from './compact-jwt.ts'
import type { IdentityRefusal } from './identity.ts'
import type { Refusal } from './refusal.ts'

/** Characters of the token’s SHA-256 that tell one token from another in a log. */
const fingerprintLength = 12
/** Longest name of a key or a token that is repeated (characters). */
const longestName = 64

/**
 * Adds to a refusal what tells the token from others, for the log and the operators: none of it is
 * verified, so that only plain names of bounded length are repeated.
 *
 * @param sha256 Of the token, in base64url.
 * @param proven Name of its issuer, once that is certain; else what the token says, where it is a
 *   JWT.
 */
export function describeRefused(
  token: string,
  sha256: string,
  refusal: Refusal,
  issuers: AcceptedIssuers,
  proven?: string,
): IdentityRefusal {
  const fingerprint = sha256.slice(0, fingerprintLength)
  const parsed = parseCompactJwt(token)
  if (!parsed.ok) {
    return { ...refusal, fingerprint, ...(proven === undefined ? {} : { issuer: proven }) }
  }
  const { keyId, claims } = parsed.value
  const { iss, uti, jti } = claims
  const said = typeof iss === 'string' ? issuers.find(iss)?.settings.name : undefined
  const issuer = proven ?? said
  const tokenId = plainName(uti) ?? plainName(jti)
  const key = plainName(keyId)
  return {
    ...refusal,
    fingerprint,
    ...(issuer === undefined ? {} : { issuer }),
    ...(key === undefined ? {} : { keyId: key }),
    ...(tokenId === undefined ? {} : { tokenId }),
  }
}

function plainName(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  return /^[\w.:~+/=-]+$/.test(value) ? value.slice(0, longestName) : undefined
}
