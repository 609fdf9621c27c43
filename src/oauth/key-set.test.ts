import { createHmac, generateKeyPairSync, sign, type JsonWebKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readKeySet } from './key-set.ts'
import { algorithmNames, algorithmOf, verifySignature } from './signature-algorithms.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const weak = generateKeyPairSync('rsa', { modulusLength: 1_024 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const edwards = generateKeyPairSync('ed25519')
const jwkOf = (pair: { publicKey: typeof rsa.publicKey }): JsonWebKey =>
  pair.publicKey.export({ format: 'jwk' })

function only(entry: unknown): string {
  const read = readKeySet({ keys: [entry] })
  if (!read.ok) return read.error
  const [key] = read.value.keys
  if (key !== undefined) return key.algorithms.map(({ name }) => name).join(' ')
  return `skipped: ${read.value.skipped[0]?.because ?? ''}`
}

describe('a JWK Set', () => {
  it.each<readonly [string, unknown, string]>([
    ['RSA', jwkOf(rsa), 'RS256 RS384 RS512 PS256 PS384 PS512'],
    ['RSA for one algorithm', { ...jwkOf(rsa), alg: 'PS256' }, 'PS256'],
    ['P-256', jwkOf(p256), 'ES256'],
    ['P-384', jwkOf(p384), 'ES384'],
    ['Ed25519', jwkOf(edwards), 'EdDSA Ed25519'],
    ['a secret', { kty: 'oct', k: 'c2VjcmV0' }, 'skipped: it is a secret, not a public key'],
    ['a private key', rsa.privateKey.export({ format: 'jwk' }), 'skipped: it is a private key'],
    ['a weak key', jwkOf(weak), 'skipped: it is an RSA key of 1024 bits'],
    ['exponent 1', { ...jwkOf(rsa), e: 'AQ' }, 'skipped: its exponent is weak'],
    [
      'an exponent as long as the modulus',
      { ...jwkOf(rsa), e: jwkOf(rsa).n },
      'skipped: its exponent is too large',
    ],
    ['an even exponent', { ...jwkOf(rsa), e: 'BA' }, 'skipped: its exponent is weak'],
    ['for encryption', { ...jwkOf(rsa), use: 'enc' }, 'skipped: it is not for signatures ("use")'],
    [
      'for signing',
      { ...jwkOf(rsa), key_ops: ['sign'] },
      'skipped: it is not for verifying ("key_ops")',
    ],
    ['another algorithm', { ...jwkOf(rsa), alg: 'ES256' }, 'skipped: its "alg" does not fit it'],
    ['HMAC', { ...jwkOf(rsa), alg: 'HS256' }, 'skipped: its "alg" does not fit it'],
    [
      'a point off its curve',
      { ...jwkOf(p256), x: jwkOf(p256).y },
      'skipped: it cannot be read as a public key',
    ],
    ['nothing', {}, 'skipped: it cannot be read as a public key'],
    ['null', null, 'skipped: it is no object'],
    [
      'a "kid" that is no text',
      { ...jwkOf(rsa), kid: 7 },
      'skipped: its "kid" is no text of at most 256 characters',
    ],
  ])('%s', (_, entry, expected) => {
    expect(only(entry)).toBe(expected)
  })

  it('is bounded, has no two keys of a name, and must be one', () => {
    expect(readKeySet({})).toEqual({ ok: false, error: 'it has no list "keys"' })
    expect(readKeySet(null).ok).toBe(false)
    const entry = { ...jwkOf(p256), kid: 'k' }
    const twice = readKeySet({ keys: [entry, { ...jwkOf(p384), kid: 'k' }] })
    expect(twice).toMatchObject({
      value: { keys: [{ keyId: 'k' }], skipped: [{ because: 'its name is that of another key' }] },
    })
    const many = readKeySet({ keys: Array.from({ length: 10_000 }, () => null) })
    expect(many).toMatchObject({ ok: true, value: { keys: [] } })
    expect(many.ok && many.value.skipped).toHaveLength(101)
  })
})

describe('a signature', () => {
  const data = Buffer.from('header.payload')
  const pairs: Readonly<Record<string, typeof rsa>> = {
    RS256: rsa,
    PS384: rsa,
    ES256: p256,
    ES384: p384,
    EdDSA: edwards,
  }

  it.each(Object.keys(pairs))('by %s holds, and no other does', (name) => {
    const algorithm = algorithmOf(name)
    const pair = pairs[name]
    if (algorithm === undefined || pair === undefined) throw new Error('no such algorithm')
    const { digest, keyType, isPss } = algorithm
    const signature = sign(digest, data, {
      key: pair.privateKey,
      ...(keyType === 'ec' ? { dsaEncoding: 'ieee-p1363' as const } : {}),
      ...(isPss ? { padding: 6, saltLength: -1 } : {}),
    })
    const holds = (bytes: Buffer, text = data): boolean =>
      verifySignature(algorithm, pair.publicKey, text, bytes)
    expect(holds(signature)).toBe(true)
    expect(holds(signature, Buffer.from('header.other'))).toBe(false)
    expect(holds(Buffer.concat([signature, Buffer.alloc(1)]))).toBe(false)
    expect(holds(signature.subarray(1))).toBe(false)
    expect(holds(Buffer.alloc(signature.length))).toBe(false)
    expect(holds(Buffer.alloc(0))).toBe(false)
  })

  it('of a curve has one form', () => {
    const es256 = algorithmOf('ES256')
    const der = sign('sha256', data, { key: p256.privateKey, dsaEncoding: 'der' })
    expect(es256 !== undefined && verifySignature(es256, p256.publicKey, data, der)).toBe(false)
  })

  it('by a secret is none, and neither is no signature', () => {
    expect(algorithmNames).not.toContain('HS256')
    for (const name of ['HS256', 'none', 'NONE', 'rs256', '__proto__', '']) {
      expect(algorithmOf(name)).toBeUndefined()
    }
    const rs256 = algorithmOf('RS256')
    const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' })
    const mac = createHmac('sha256', pem).update(data).digest()
    expect(rs256 !== undefined && verifySignature(rs256, rsa.publicKey, data, mac)).toBe(false)
  })
})
