import { createPublicKey, verify } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startSimulator, type Simulator } from './index.ts'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({})
})
beforeEach(() => simulator.control.reset())
afterAll(() => simulator.close())

const graphScope = 'https://graph.microsoft.com/.default'

interface TokenAnswer {
  readonly status: number
  readonly type: string | null
  readonly body: Record<string, unknown>
}

async function ask(
  fields: Readonly<Record<string, string | undefined>> = {},
  options: { readonly tenant?: string; readonly headers?: Record<string, string> } = {},
): Promise<TokenAnswer> {
  const all = {
    grant_type: 'client_credentials',
    client_id: simulator.client.id,
    client_secret: simulator.client.secret,
    scope: graphScope,
    ...fields,
  }
  const sent = Object.entries(all).filter(
    (field): field is [string, string] => field[1] !== undefined,
  )
  const { tenant = simulator.tenant, headers = {} } = options
  const url = `${simulator.urls.authority}/${tenant}/oauth2/v2.0/token`
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(sent), headers })
  const body = (await response.json()) as Record<string, unknown>
  return { status: response.status, type: response.headers.get('content-type'), body }
}

test.each([
  [90002, 400, 'invalid_request', {}, '00000000-0000-4000-8000-000000000000'],
  [50059, 400, 'invalid_request', {}, 'common'],
  [900144, 400, 'invalid_request', { grant_type: undefined }],
  [900144, 400, 'invalid_request', { client_id: undefined }],
  [900144, 400, 'invalid_request', { scope: undefined }],
  [7000218, 401, 'invalid_client', { client_secret: undefined }],
  [70003, 400, 'unsupported_grant_type', { grant_type: 'password' }],
  [700016, 400, 'unauthorized_client', { client_id: '00000000-0000-4000-8000-000000000001' }],
  [7000215, 401, 'invalid_client', { client_secret: 'wrong' }],
  [70011, 400, 'invalid_scope', { scope: 'User.Read' }],
  [70011, 400, 'invalid_scope', { scope: `${graphScope} ${graphScope}` }],
  [500011, 400, 'invalid_resource', { scope: 'https://nowhere.example/.default' }],
  [9002313, 400, 'invalid_request', { claims: '{' }],
])('AADSTS%i comes as %i %s', async (code, status, error, fields, tenant?: string) => {
  const answer = await ask(fields, tenant === undefined ? {} : { tenant })
  expect(answer).toMatchObject({ status, body: { error, error_codes: [code] } })
  const { error_description: text, trace_id: trace } = answer.body
  expect(text).toMatch(new RegExp(`^AADSTS${code}: .+ Trace ID: ${String(trace)} Correlation ID: `))
  expect(JSON.stringify(answer.body)).not.toContain(simulator.client.secret)
})

test('an expired secret is AADSTS7000222 until a new one is put beside it', async () => {
  const expired = { value: 'old', expiresAt: simulator.now() - 1 }
  simulator.control.setSecrets([expired])
  const answer = await ask({ client_secret: 'old' })
  expect(answer).toMatchObject({ status: 401, body: { error_codes: [7000222] } })
  simulator.control.setSecrets([expired, { value: 'new' }])
  expect((await ask({ client_secret: 'new' })).status).toBe(200)
})

test('GET is refused, and an unknown tenant has no metadata', async () => {
  const { authority } = simulator.urls
  const got = await fetch(`${authority}/${simulator.tenant}/oauth2/v2.0/token`)
  expect(await got.json()).toMatchObject({ error_codes: [900561] })
  const metadata = await fetch(`${authority}/nobody/v2.0/.well-known/openid-configuration`)
  expect(metadata.status).toBe(400)
  expect(await metadata.json()).toMatchObject({ error: 'invalid_tenant', error_codes: [90002] })
})

test('a throttled token request is answered in plain text', async () => {
  simulator.control.addFault({ match: { kind: 'token' }, effect: { kind: 'text429' } })
  const url = `${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`
  const response = await fetch(url, { method: 'POST' })
  expect(response.status).toBe(429)
  expect(response.headers.get('retry-after')).toBe('60')
  expect(await response.text()).toBe('Too Many Requests')
})

test('a secret sent by Basic works, percent-encoded as RFC 6749 wants it', async () => {
  simulator.control.setSecrets([{ value: 'a:b+c %' }])
  const pair = `${simulator.client.id}:${encodeURIComponent('a:b+c %')}`
  const headers = { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
  const answer = await ask({ client_id: undefined, client_secret: undefined }, { headers })
  expect(answer.status).toBe(200)
})

test('a token is signed by the published key and says who it is for', async () => {
  const { body, status } = await ask({}, { tenant: 'CONTOSO.example' })
  expect(status).toBe(200)
  expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3_599, ext_expires_in: 3_599 })
  const [header = '', payload = '', signature = ''] = String(body['access_token']).split('.')
  const keysUrl = `${simulator.urls.authority}/${simulator.tenant}/discovery/v2.0/keys`
  const { keys } = (await (await fetch(keysUrl)).json()) as { keys: [{ kid: string }] }
  const key = createPublicKey({ key: keys[0], format: 'jwk' })
  const isSigned = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    key,
    Buffer.from(signature, 'base64url'),
  )
  expect(isSigned).toBe(true)
  expect(read(header)).toMatchObject({ alg: 'RS256', typ: 'JWT', kid: keys[0].kid })
  expect(read(payload)).toMatchObject({
    aud: 'https://graph.microsoft.com',
    tid: simulator.tenant,
    appid: simulator.client.id,
    idtyp: 'app',
    roles: ['User.Read.All', 'Group.Read.All', 'GroupMember.Read.All'],
  })
})

test('lifetimes are drawn from their range, and only long tokens say refresh_in', async () => {
  simulator.control.setTokenLifetime([3_600, 5_400])
  for (let i = 0; i < 5; i++) {
    const { body } = await ask()
    expect(body['expires_in']).toBeGreaterThanOrEqual(3_600)
    expect(body['expires_in']).toBeLessThanOrEqual(5_400)
    expect(body).not.toHaveProperty('refresh_in')
  }
  simulator.control.setTokenLifetime(86_399)
  expect((await ask()).body['refresh_in']).toBe(43_199)
})

test('tokens that are out of their life, or expired by hand, count as died', async () => {
  await ask()
  await ask()
  simulator.control.expireTokens()
  await ask()
  expect(simulator.stats()).toMatchObject({ tokenRequests: 3, tokensIssued: 3, tokensDied: 2 })
  simulator.control.advanceClock(3_700_000)
  expect(simulator.stats().tokensDied).toBe(3)
})

test('instance discovery names the host as the authority', async () => {
  const query = `authorization_endpoint=${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/authorize`
  const url = `${simulator.urls.authority}/common/discovery/instance?api-version=1.1&${query}`
  expect(await (await fetch(url)).json()).toMatchObject({
    tenant_discovery_endpoint: `${simulator.urls.issuer()}/.well-known/openid-configuration`,
  })
})

function read(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}
