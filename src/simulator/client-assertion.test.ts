import { constants, createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { selfSignCertificate, startSimulator, type Simulator } from './index.ts'

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const outside = generateKeyPairSync('rsa', { modulusLength: 2048 })
const certificate = selfSignCertificate(keys, {
  commonName: 'app',
  hosts: [],
  serial: Uint8Array.of(1),
})
const clientId = '2f0c0000-1111-4222-8333-000000000001'
let simulator: Simulator
let serial = 0
beforeAll(async () => {
  simulator = await startSimulator({
    tenants: [
      {
        id: '11111111-2222-4333-8444-555555555555',
        users: 5,
        applications: [
          {
            id: clientId,
            certificates: [{ pem: certificate.pem }],
            federated: [
              {
                issuer: 'https://ci.example',
                subject: 'repo:main',
                jwk: outside.publicKey.export({ format: 'jwk' }),
              },
            ],
          },
        ],
      },
    ],
  })
})
beforeEach(() => simulator.control.reset())
afterAll(() => simulator.close())

const sha256 = createHash('sha256').update(certificate.der).digest('base64url')
const sha1 = createHash('sha1').update(certificate.der).digest('base64url')
const endpoint = (): string => `${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`

function assertionOf(
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
  key: KeyObject = keys.privateKey,
): string {
  const now = Math.floor(simulator.now() / 1_000)
  const whole = { alg: 'PS256', typ: 'JWT', 'x5t#S256': sha256, ...header }
  const body = {
    aud: endpoint(),
    iss: clientId,
    sub: clientId,
    jti: `jti-${++serial}`,
    nbf: now,
    exp: now + 600,
    ...claims,
  }
  const text = [whole, body]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const signature =
    whole.alg === 'PS256'
      ? sign('sha256', Buffer.from(text), {
          key,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: 32,
        })
      : sign('sha256', Buffer.from(text), key)
  return `${text}.${signature.toString('base64url')}`
}

function federatedOf(claims: Readonly<Record<string, unknown>> = {}): string {
  const whole = {
    iss: 'https://ci.example',
    sub: 'repo:main',
    aud: 'api://AzureADTokenExchange',
    ...claims,
  }
  return assertionOf(whole, { alg: 'RS256', kid: 'k', 'x5t#S256': undefined }, outside.privateKey)
}

async function ask(assertion: string, client: string | undefined = clientId): Promise<unknown> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: client,
    scope: 'https://graph.microsoft.com/.default',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  })
  const response = await fetch(endpoint(), { method: 'POST', body })
  const answer = (await response.json()) as { readonly error_codes?: readonly [number] }
  return response.ok ? response.status : answer.error_codes?.[0]
}

const past = (): number => Math.floor(simulator.now() / 1_000) - 3_600

test.each<readonly [code: number, what: string, assertion: () => string]>([
  [50027, 'an assertion that is no JWS', () => 'nonsense'],
  [50027, 'an array of audiences', () => assertionOf({ aud: [endpoint()] })],
  [50027, 'a missing jti', () => assertionOf({ jti: undefined })],
  [50027, 'a foreign subject', () => assertionOf({ sub: 'somebody' })],
  [700023, 'another audience', () => assertionOf({ aud: 'https://login.example/token' })],
  [700024, 'an expired assertion', () => assertionOf({ nbf: past() - 600, exp: past() })],
  [700024, 'one of the future', () => assertionOf({ nbf: past() + 7_200, exp: past() + 9_000 })],
  [700024, 'one without expiry', () => assertionOf({ exp: undefined })],
  [700027, 'an unknown certificate', () => assertionOf({}, { 'x5t#S256': sha1 })],
  [700027, 'no thumbprint', () => assertionOf({}, { 'x5t#S256': undefined })],
  [700027, 'a wrong key', () => assertionOf({}, {}, outside.privateKey)],
  [700027, 'x5t under PS256', () => assertionOf({}, { 'x5t#S256': undefined, x5t: sha1 })],
  [
    700211,
    'a federated issuer not registered',
    () => federatedOf({ iss: 'https://other.example' }),
  ],
  [700213, 'a federated subject not registered', () => federatedOf({ sub: 'repo:branch' })],
  [700212, 'a federated audience not registered', () => federatedOf({ aud: 'api://other' })],
  [700024, 'an expired federated token', () => federatedOf({ nbf: past() - 600, exp: past() })],
])('AADSTS%i for %s', async (code, _, assertion) => {
  expect(await ask(assertion())).toBe(code)
})

test('a federated token where none is registered is AADSTS70021', async () => {
  simulator.control.setFederated([])
  expect(await ask(federatedOf())).toBe(70021)
})

test('a certificate out of its life is AADSTS1000502, by the simulator’s clock', async () => {
  simulator.control.setCertificates([{ pem: certificate.pem, expiresAt: simulator.now() + 60_000 }])
  expect(await ask(assertionOf())).toBe(200)
  simulator.control.advanceClock(60_000)
  expect(await ask(assertionOf())).toBe(1000502)
  const short = selfSignCertificate(keys, {
    commonName: 'app',
    hosts: [],
    serial: Uint8Array.of(2),
    validity: { from: simulator.now() - 86_400_000, until: simulator.now() - 3_600_000 },
  })
  simulator.control.setCertificates([{ pem: short.pem }])
  const thumbprint = createHash('sha256').update(short.der).digest('base64url')
  expect(await ask(assertionOf({}, { 'x5t#S256': thumbprint }))).toBe(1000502)
})

test('an assertion works once', async () => {
  const assertion = assertionOf()
  expect(await ask(assertion)).toBe(200)
  expect(await ask(assertion)).toBe(50027)
})

test('PS256 with x5t#S256, RS256 with either thumbprint, and a federated token are accepted', async () => {
  expect(await ask(assertionOf())).toBe(200)
  expect(await ask(assertionOf({}, { alg: 'RS256' }))).toBe(200)
  expect(await ask(assertionOf({}, { alg: 'RS256', 'x5t#S256': undefined, x5t: sha1 }))).toBe(200)
  expect(await ask(federatedOf())).toBe(200)
  expect(await ask(federatedOf({ aud: ['api://AzureADTokenExchange'] }))).toBe(200)
  const methods = simulator.control.tokenRequests().map(({ authentication }) => authentication)
  expect(methods).toEqual(['certificate', 'certificate', 'certificate', 'federated', 'federated'])
})
