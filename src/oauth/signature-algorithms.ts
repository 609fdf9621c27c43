import { constants, verify, type KeyObject } from 'node:crypto'

/** How one algorithm of JWS is verified, and the key that fits it. */
export interface SignatureAlgorithm {
  readonly name: string
  /** Type of the key, as `node:crypto` and JWK call it. */
  readonly keyType: 'rsa' | 'ec' | 'ed25519' | 'ed448'
  /** Curve of an `ec` key, as `node:crypto` calls it. */
  readonly curve?: string
  readonly digest: string | null
  readonly isPss?: true
  /** Length of a signature (bytes), where it is always the same. */
  readonly signatureLength?: number
}

const algorithms: readonly SignatureAlgorithm[] = [
  { name: 'RS256', keyType: 'rsa', digest: 'sha256' },
  { name: 'RS384', keyType: 'rsa', digest: 'sha384' },
  { name: 'RS512', keyType: 'rsa', digest: 'sha512' },
  { name: 'PS256', keyType: 'rsa', digest: 'sha256', isPss: true },
  { name: 'PS384', keyType: 'rsa', digest: 'sha384', isPss: true },
  { name: 'PS512', keyType: 'rsa', digest: 'sha512', isPss: true },
  { name: 'ES256', keyType: 'ec', curve: 'prime256v1', digest: 'sha256', signatureLength: 64 },
  { name: 'ES384', keyType: 'ec', curve: 'secp384r1', digest: 'sha384', signatureLength: 96 },
  { name: 'ES512', keyType: 'ec', curve: 'secp521r1', digest: 'sha512', signatureLength: 132 },
  { name: 'EdDSA', keyType: 'ed25519', digest: null, signatureLength: 64 },
  { name: 'Ed25519', keyType: 'ed25519', digest: null, signatureLength: 64 },
]

const byName = new Map(algorithms.map((algorithm) => [algorithm.name, algorithm]))

/** Names of the algorithms there are: asymmetric ones alone. */
export const algorithmNames: readonly string[] = [...byName.keys()]

/** Looks an algorithm up by its exact name; undefined for `none`, HMAC and anything unknown. */
export function algorithmOf(name: string): SignatureAlgorithm | undefined {
  return byName.get(name)
}

/** Verifies a signature. False for one that has not the one form it may have. Never throws. */
export function verifySignature(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  signed: Buffer,
  signature: Buffer,
): boolean {
  const { digest, isPss, signatureLength } = algorithm
  if (signatureLength !== undefined && signature.length !== signatureLength) return false
  try {
    return verify(
      digest,
      signed,
      isPss
        ? {
            key,
            padding: constants.RSA_PKCS1_PSS_PADDING,
            saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
          }
        : algorithm.keyType === 'ec'
          ? { key, dsaEncoding: 'ieee-p1363' }
          : key,
      signature,
    )
  } catch {
    return false
  }
}
