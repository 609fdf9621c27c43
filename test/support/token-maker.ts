import { generateKeyPairSync, sign, type JsonWebKey, type KeyObject } from 'node:crypto'
import { readKeySet, type KeySet } from '../../src/oauth/index.ts'

/** A key pair an issuer of a test signs with. */
export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly jwk: JsonWebKey
}

/** Makes an RSA key of the usual length, or one for ES256. */
export function makeSigningKey(kid: string, type: 'rsa' | 'ec' = 'rsa'): SigningKey {
  const { privateKey, publicKey } =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' }
  return { kid, privateKey, jwk }
}

/** The keys as their issuer publishes them. */
export function keySetOf(...entries: readonly object[]): KeySet {
  const read = readKeySet({ keys: entries })
  if (!read.ok) throw new Error(read.error)
  return read.value
}

/** Base64url of a text, or of what it is as JSON. */
export function encodePart(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString(
    'base64url',
  )
}

/** Signs a token; `header` and `claims` may be texts, so that they can be anything but JSON. */
export function signToken(
  key: SigningKey,
  claims: unknown,
  header: Readonly<Record<string, unknown>> | string = {},
): string {
  const isEc = key.privateKey.asymmetricKeyType === 'ec'
  const head =
    typeof header === 'string'
      ? header
      : { typ: 'JWT', alg: isEc ? 'ES256' : 'RS256', kid: key.kid, ...header }
  const signed = `${encodePart(head)}.${encodePart(claims)}`
  const signature = sign(
    'sha256',
    Buffer.from(signed),
    isEc ? { key: key.privateKey, dsaEncoding: 'ieee-p1363' } : key.privateKey,
  )
  return `${signed}.${signature.toString('base64url')}`
}
