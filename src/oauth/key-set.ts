import { createPublicKey, type KeyObject } from 'node:crypto'
import { err, ok, type Result } from '../kernel/index.ts'
import { algorithmNames, algorithmOf, type SignatureAlgorithm } from './signature-algorithms.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** A key an issuer signs with. */
export interface VerificationKey {
  /** Undefined when the document gives it no name. */
  readonly keyId: string | undefined
  readonly key: KeyObject
  /** By which it may verify; one of them where the document says so. */
  readonly algorithms: readonly SignatureAlgorithm[]
  /** Entra’s: whose tokens it signs, `{tenantid}` standing for any tenant. */
  readonly issuer?: string
}

/** The keys of one issuer. */
export interface KeySet {
  readonly keys: readonly VerificationKey[]
  /** Entries of the document that are not used, and why. */
  readonly skipped: readonly SkippedKey[]
}

/** An entry that is not used. */
export interface SkippedKey {
  /** Its name, shortened; empty when it has none. */
  readonly keyId: string
  readonly because: string
}

/** Entries of a document that are looked at. */
const mostKeys = 100
const leastRsaBits = 2_048
const mostRsaBits = 16_384
/** Larger exponents only make each verification cost as much as a signature. */
const largestExponent = 2n ** 64n
const longestKeyId = 256

/**
 * Reads a JWK Set (RFC 7517) as the public keys it holds. Keys that must not verify anything
 * (secret or private ones, weak ones, those for encryption) are skipped and named; a document
 * without a list of keys is refused.
 */
export function readKeySet(document: unknown): Result<KeySet, string> {
  const entries = isObject(document) ? document['keys'] : undefined
  if (!Array.isArray(entries)) return err('it has no list "keys"')
  const keys: VerificationKey[] = []
  const skipped: SkippedKey[] = []
  const names = new Set<string>()
  for (const entry of entries.slice(0, mostKeys) as readonly unknown[]) {
    const read = readKey(entry)
    if (typeof read !== 'string') {
      const { keyId } = read
      // Two keys of one name: which one signs cannot be told, so the first of them counts.
      if (keyId !== undefined && names.has(keyId)) {
        skipped.push({ keyId, because: 'its name is that of another key' })
        continue
      }
      if (keyId !== undefined) names.add(keyId)
      keys.push(read)
    } else skipped.push({ keyId: nameOf(entry), because: read })
  }
  const beyond = entries.length - mostKeys
  if (beyond > 0) skipped.push({ keyId: '', because: `${beyond} more keys than are looked at` })
  return ok({ keys, skipped })
}

/** The key, or why it is none that verifies. */
function readKey(entry: unknown): VerificationKey | string {
  if (!isObject(entry)) return 'it is no object'
  const { kty, use, key_ops: operations, kid, alg, issuer } = entry
  if (kty === 'oct') return 'it is a secret, not a public key'
  if (entry['d'] !== undefined) return 'it is a private key'
  if (use !== undefined && use !== 'sig') return 'it is not for signatures ("use")'
  if (Array.isArray(operations) && !operations.includes('verify')) {
    return 'it is not for verifying ("key_ops")'
  }
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > longestKeyId)) {
    return 'its "kid" is no text of at most 256 characters'
  }
  const key = importKey(entry)
  if (typeof key === 'string') return key
  const algorithms = algorithmsFor(key, alg)
  if (algorithms.length === 0) {
    return alg === undefined
      ? 'no algorithm is known for keys of its kind'
      : 'its "alg" does not fit it'
  }
  return {
    keyId: kid,
    key,
    algorithms,
    ...(typeof issuer === 'string' ? { issuer } : {}),
  }
}

function importKey(entry: JsonObject): KeyObject | string {
  const { kty, n, e, crv, x, y } = entry
  let key: KeyObject
  try {
    // Only what makes the key: certificates and addresses beside it are not looked at.
    key = createPublicKey({
      format: 'jwk',
      key: Object.fromEntries(
        Object.entries({ kty, n, e, crv, x, y }).filter(([, value]) => value !== undefined),
      ),
    })
  } catch {
    return 'it cannot be read as a public key'
  }
  if (key.asymmetricKeyType !== 'rsa') return key
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (modulusLength < leastRsaBits) return `it is an RSA key of ${modulusLength} bits`
  if (modulusLength > mostRsaBits) return `it is an RSA key of ${modulusLength} bits`
  // An even exponent or 1 makes signatures that anybody can make.
  if (publicExponent < 3n || publicExponent % 2n === 0n) return 'its exponent is weak'
  if (publicExponent > largestExponent) return 'its exponent is too large'
  return key
}

function algorithmsFor(key: KeyObject, alg: unknown): readonly SignatureAlgorithm[] {
  const names = alg === undefined ? algorithmNames : typeof alg === 'string' ? [alg] : []
  return names.flatMap((name) => {
    const algorithm = algorithmOf(name)
    return algorithm !== undefined && fits(key, algorithm) ? [algorithm] : []
  })
}

function fits(key: KeyObject, { keyType, curve }: SignatureAlgorithm): boolean {
  if (key.asymmetricKeyType !== keyType) return false
  return curve === undefined || key.asymmetricKeyDetails?.namedCurve === curve
}

function nameOf(entry: unknown): string {
  const kid = isObject(entry) ? entry['kid'] : undefined
  return typeof kid === 'string' ? kid.slice(0, 64) : ''
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
