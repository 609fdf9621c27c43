import { constants, createHash, verify } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeClientCertificate } from '../../test/support/client-certificate.ts'
import { isEvergrantError, Secret, type EvergrantError } from '../kernel/index.ts'
import {
  assertionLifeSeconds,
  certificateAssertion,
  type AssertionAlgorithm,
} from './certificate-assertion.ts'
import { readJwt } from './jwt.ts'

const ours = makeClientCertificate()
const another = makeClientCertificate({ commonName: 'another' })
const server = {
  issuer: 'https://login.example/t/v2.0',
  token_endpoint: 'https://login.example/t/oauth2/v2.0/token',
}
const now = Date.UTC(2026, 0, 1)

function refusal(pem: string, algorithm: AssertionAlgorithm = 'PS256'): EvergrantError {
  try {
    certificateAssertion(new Secret(pem), { algorithm })
  } catch (error) {
    if (isEvergrantError(error)) return error
    throw error
  }
  throw new Error('expected a refusal')
}

async function assertionOf(
  pem: string,
  algorithm?: AssertionAlgorithm,
  at = now,
): Promise<{ readonly text: string; readonly body: URLSearchParams }> {
  const options = algorithm === undefined ? {} : { algorithm }
  const proof = certificateAssertion(new Secret(pem), options).prove(at)
  if (!proof.ok) throw proof.error
  const body = new URLSearchParams()
  await proof.value(server, { client_id: 'client-1' }, body, new Headers())
  return { text: body.get('client_assertion') ?? '', body }
}

describe('a client certificate', () => {
  const encryptedKey = ours.keys.privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString()
  const oldEncryptedKey = ours.keys.privateKey
    .export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString()
  const ec = makeClientCertificate({ isEc: true })
  const small = makeClientCertificate({ bits: 1_024 })
  const broken = (pem: string): string => pem.replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAA')

  it.each([
    ['nothing of PEM', 'not a PEM', /private key.*saw none/],
    ['no key', ours.certificatePem, /private key.*saw none/],
    ['no certificate', ours.keyPem, /certificate.*saw none/],
    ['an encrypted key', ours.certificatePem + encryptedKey, /encrypted/],
    ['a key encrypted in the old way', ours.certificatePem + oldEncryptedKey, /encrypted/],
    ['a broken key', ours.certificatePem + broken(ours.keyPem), /private key cannot be read/],
    ['a broken certificate', broken(ours.certificatePem) + ours.keyPem, /certificate cannot be/],
    ['an elliptic key', ec.certificatePem + ec.keyPem, /RSA key.*"ec"/],
    ['a short key', small.certificatePem + small.keyPem, /2048 bits.*1024/],
  ])('is refused with %s', (_what, pem, detail) => {
    const error = refusal(pem)
    expect(error.code).toBe('certificate_invalid')
    expect(error.detail).toMatch(detail)
  })

  it('is refused beside the key of another one, naming thumbprint and dates', () => {
    const { detail } = refusal(another.certificatePem + ours.keyPem)
    const thumbprint = createHash('sha1').update(another.certificateDer).digest('hex').toUpperCase()
    expect(detail).toContain(`${thumbprint} (valid 2020-01-01 to 2049-12-31)`)
  })

  it('tells nothing of the key when it refuses', () => {
    const { message, detail, remedy, cause } = refusal(another.certificatePem + ours.keyPem)
    const line = ours.keyPem.split('\n')[3] ?? ''
    expect(line.length).toBeGreaterThan(40)
    expect(cause).toBeUndefined()
    expect([message, detail, remedy].join()).not.toContain(line)
  })

  it.each([
    ['expired at 2049-12-31T23:59:59.000Z', Date.UTC(2050, 0, 1)],
    ['is not valid before 2020-01-01T00:00:00.000Z', Date.UTC(2019, 0, 1)],
  ])('%s: no request is proven', (words, at) => {
    const authentication = certificateAssertion(new Secret(ours.certificatePem + ours.keyPem))
    const proof = authentication.prove(at)
    if (proof.ok) throw new Error('expected a refusal')
    expect(proof.error.code).toBe('certificate_invalid')
    expect(proof.error.detail).toContain(`${authentication.thumbprint} ${words}`)
  })

  it('is found in any order, with a chain around it and words between', async () => {
    const parts = fc.shuffledSubarray(
      [ours.certificatePem, ours.keyPem, another.certificatePem, 'Bag Attributes\r\n  x: y\n'],
      { minLength: 4 },
    )
    const thumbprint = createHash('sha1').update(ours.certificateDer).digest('hex').toUpperCase()
    fc.assert(
      fc.property(parts, fc.boolean(), (shuffled, isWindows) => {
        const text = shuffled.join('')
        const pem = isWindows ? text.replaceAll(/\r?\n/g, '\r\n') : text
        expect(certificateAssertion(new Secret(pem))).toMatchObject({
          thumbprint,
          expiresAt: Date.UTC(2049, 11, 31, 23, 59, 59),
        })
      }),
      { numRuns: 30 },
    )
  })
})

describe('an assertion', () => {
  const pem = ours.certificatePem + ours.keyPem

  it.each(['PS256', 'RS256'] as const)(
    'of %s is signed by the key and names the certificate, at any time',
    async (algorithm) => {
      const digest = algorithm === 'PS256' ? 'sha256' : 'sha1'
      const name = algorithm === 'PS256' ? 'x5t#S256' : 'x5t'
      const thumbprint = createHash(digest).update(ours.certificateDer).digest('base64url')
      const padding =
        algorithm === 'PS256'
          ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
          : { padding: constants.RSA_PKCS1_PADDING }
      const times = fc.integer({ min: Date.UTC(2020, 0, 2), max: Date.UTC(2049, 0, 1) })
      await fc.assert(
        fc.asyncProperty(times, async (at) => {
          const { text } = await assertionOf(pem, algorithm, at)
          const { header, claims } = readJwt(text) ?? {}
          const { jti, ...rest } = claims ?? {}
          expect(header).toEqual({ alg: algorithm, typ: 'JWT', [name]: thumbprint })
          expect(jti).toMatch(/^jti_[\da-f-]{36}$/)
          expect(rest).toEqual({
            aud: server.token_endpoint,
            iss: 'client-1',
            sub: 'client-1',
            iat: Math.floor(at / 1_000),
            nbf: Math.floor(at / 1_000),
            exp: Math.floor(at / 1_000) + assertionLifeSeconds,
          })
          const [head, body, signature = ''] = text.split('.')
          const signed = Buffer.from(`${head}.${body}`)
          const key = { key: ours.keys.publicKey, ...padding }
          expect(verify('sha256', signed, key, Buffer.from(signature, 'base64url'))).toBe(true)
        }),
        { numRuns: 15 },
      )
    },
  )

  it('is another one for every request', async () => {
    const first = await assertionOf(pem)
    const second = await assertionOf(pem)
    expect(readJwt(first.text)?.claims['jti']).not.toBe(readJwt(second.text)?.claims['jti'])
  })

  it('goes into the body with its type and the client id, and no secret beside it', async () => {
    const { body } = await assertionOf(pem)
    expect(body.get('client_assertion_type')).toBe(
      'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    )
    expect(body.get('client_id')).toBe('client-1')
    expect([...body.keys()]).toHaveLength(3)
  })
})
