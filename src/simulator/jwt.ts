import { constants, createPublicKey, verify, type KeyObject } from 'node:crypto'

/** A JWT taken apart; nothing of it is verified. */
export interface ReadJwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  readonly signed: Buffer
  readonly signature: Buffer
}

/** Takes a compact JWT apart; undefined when it is none. */
export function readJwt(token: string): ReadJwt | undefined {
  const parts = token.split('.')
  const header = readPart(parts[0])
  const claims = readPart(parts[1])
  if (parts.length !== 3 || header === undefined || claims === undefined) return undefined
  return {
    header,
    claims,
    signed: Buffer.from(`${parts[0]}.${parts[1]}`),
    signature: Buffer.from(parts[2] ?? '', 'base64url'),
  }
}

function readPart(part: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

/**
 * Verifies the signature under the algorithm the header names: RS256, PS256 (salt as long as the
 * hash) or ES256.
 *
 * @see RFC 7518 section 3
 */
export function isSignedBy(jwt: ReadJwt, key: KeyObject): boolean {
  const { signed, signature } = jwt
  const isRsa = key.asymmetricKeyType === 'rsa'
  if (jwt.header['alg'] === 'RS256' && isRsa) return verify('sha256', signed, key, signature)
  if (jwt.header['alg'] === 'PS256' && isRsa) {
    const padding = constants.RSA_PKCS1_PSS_PADDING
    return verify('sha256', signed, { key, padding, saltLength: 32 }, signature)
  }
  if (jwt.header['alg'] !== 'ES256' || key.asymmetricKeyType !== 'ec') return false
  return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

/** Reads a public key out of a JWK. */
export function keyOfJwk(jwk: Readonly<Record<string, unknown>>): KeyObject {
  return createPublicKey({ key: jwk, format: 'jwk' })
}
