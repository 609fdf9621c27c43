import { generateKeyPairSync, sign } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startSimulator, type Simulator } from './index.ts'

const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const user = 'alex@sso.example'
let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({
    issuers: [
      {
        name: 'ping',
        accounts: [{ id: 'subject-1', userPrincipalName: user }],
        announcesRefreshLife: true,
        refreshIdleSeconds: 1_000,
        applications: [
          { id: 'web', secrets: [{ value: 'se:cret %' }] },
          {
            id: 'signed',
            keys: [signing.publicKey.export({ format: 'jwk' })],
          },
        ],
      },
      { name: 'other' },
    ],
  })
})
beforeEach(() => simulator.control.reset())
afterAll(() => simulator.close())

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

async function post(
  path: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const credentials =
    'authorization' in headers ? {} : { client_id: 'web', client_secret: 'se:cret %' }
  const body = new URLSearchParams({ ...credentials, ...fields })
  const url = `${simulator.urls.oidc('ping')}/${path}`
  const response = await fetch(url, { method: 'POST', body, headers })
  const text = await response.text()
  const parsed = (text === '' ? {} : JSON.parse(text)) as Answer['body']
  return { status: response.status, headers: response.headers, body: parsed }
}

const refresh = (token: string): Promise<Answer> =>
  post('token', { grant_type: 'refresh_token', refresh_token: token })
const issue = (): string =>
  simulator.control.issueRefreshToken({ tenant: 'ping', scope: 'openid offline_access api' })
const basic = (secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`web:${encodeURIComponent(secret)}`).toString('base64')}`,
})

test('an unknown issuer is 404, and a name that cannot stand in a path is refused', async () => {
  const url = `${simulator.urls.http}/oidc/nobody/.well-known/openid-configuration`
  expect((await fetch(url)).status).toBe(404)
  await expect(startSimulator({ issuers: [{ name: 'a/b' }] })).rejects.toThrow('"issuers[0].name"')
})

test('a client that is not accepted is 401, with a challenge if it tried Basic', async () => {
  const grant = { grant_type: 'client_credentials' }
  const posted = await post('token', { ...grant, client_secret: 'wrong' })
  expect(posted).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  expect(posted.body).not.toHaveProperty('error_codes')
  const tried = await post('token', grant, basic('wrong'))
  expect(tried.headers.get('www-authenticate')).toContain('Basic')
  const unknown = await post('token', { ...grant, client_id: 'nobody' })
  expect(unknown).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
})

test('reuse of a spent refresh token ends the family, as RFC 9700 wants it', async () => {
  const token = issue()
  const { body } = await refresh(token)
  expect(body).toMatchObject({ token_type: 'Bearer', refresh_token_expires_in: 1_000 })
  expect(await refresh(token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  const successor = String(body['refresh_token'])
  expect(await refresh(successor)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  const active = await post('introspect', { token: String(body['access_token']) })
  expect(active.body).toEqual({ active: false })
  expect(simulator.stats().reuseDetected).toBe(1)
})

test('scopes can be narrowed at a refresh, not widened, and widening spends nothing', async () => {
  const token = issue()
  const wide = { grant_type: 'refresh_token', refresh_token: token, scope: 'api admin' }
  expect((await post('token', wide)).body).toMatchObject({ error: 'invalid_scope' })
  expect((await post('token', { ...wide, scope: 'api' })).body).toMatchObject({ scope: 'api' })
})

test('a token of another issuer, or none at all, is not active', async () => {
  const foreign = simulator.control.issueRefreshToken({ tenant: 'other' })
  for (const token of [foreign, 'nonsense']) {
    expect((await post('introspect', { token })).body).toEqual({ active: false })
  }
})

test('introspection tells what lives, until it expires or is revoked', async () => {
  const token = issue()
  const { body } = await refresh(token)
  const [access, successor] = [String(body['access_token']), String(body['refresh_token'])]
  const alive = await post('introspect', { token: access })
  expect(alive.body).toMatchObject({
    active: true,
    sub: 'subject-1',
    client_id: 'web',
    username: user,
  })
  expect((await post('introspect', { token: successor })).body).toMatchObject({ active: true })
  expect((await post('introspect', { token })).body).toEqual({ active: false })
  expect((await post('revoke', { token: access })).status).toBe(200)
  expect((await post('introspect', { token: access })).body).toEqual({ active: false })
  expect((await refresh(successor)).status).toBe(200)
})

test('revoking a refresh token ends its family; unknown tokens are 200, foreign ones refused', async () => {
  const token = issue()
  const { body } = await refresh(token)
  const successor = String(body['refresh_token'])
  expect((await post('revoke', { token: 'nonsense' })).status).toBe(200)
  const foreign = simulator.control.issueRefreshToken({ tenant: 'ping', clientId: 'signed' })
  expect((await post('revoke', { token: foreign })).body).toMatchObject({
    error: 'unauthorized_client',
  })
  expect((await post('revoke', { token: successor })).status).toBe(200)
  expect((await refresh(successor)).body).toMatchObject({ error: 'invalid_grant' })
  const access = await post('introspect', { token: String(body['access_token']) })
  expect(access.body).toEqual({ active: false })
  expect(simulator.stats().revocations).toBe(2)
})

test('private_key_jwt is verified, and an assertion works once', async () => {
  const now = Math.floor(simulator.now() / 1_000)
  const assertionFor = (aud: unknown, jti: string): string => {
    const claims = { iss: 'signed', sub: 'signed', aud, jti, exp: now + 60 }
    const text = [{ alg: 'ES256' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const options = { key: signing.privateKey, dsaEncoding: 'ieee-p1363' } as const
    return `${text}.${sign('sha256', Buffer.from(text), options).toString('base64url')}`
  }
  const ask = async (assertion: string): Promise<number> => {
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    })
    return (await fetch(`${simulator.urls.oidc('ping')}/token`, { method: 'POST', body })).status
  }
  const good = assertionFor(simulator.urls.oidc('ping'), 'one')
  expect(await ask(assertionFor('https://other.example', 'two'))).toBe(401)
  expect(await ask(`${good.slice(0, -4)}AAAA`)).toBe(401)
  expect(await ask(good)).toBe(200)
  expect(await ask(good)).toBe(401)
})

test('discovery leads through a whole authorization, and the answer names its issuer', async () => {
  const issuer = simulator.urls.oidc('ping')
  const metadata = (await (
    await fetch(`${issuer}/.well-known/openid-configuration`)
  ).json()) as Record<string, string>
  expect(metadata['issuer']).toBe(issuer)
  simulator.control.setAutoSignIn(user, { tenant: 'ping' })
  const query = new URLSearchParams({
    client_id: 'web',
    response_type: 'code',
    redirect_uri: 'http://127.0.0.1:1/cb',
    scope: 'openid offline_access',
    state: 's',
  })
  const asked = await fetch(`${metadata['authorization_endpoint']}?${query.toString()}`, {
    redirect: 'manual',
  })
  const to = new URL(asked.headers.get('location') ?? '').searchParams
  expect(to.get('iss')).toBe(issuer)
  const code = {
    grant_type: 'authorization_code',
    code: to.get('code') ?? '',
    redirect_uri: 'http://127.0.0.1:1/cb',
  }
  const first = await post('token', code, basic('se:cret %'))
  expect(first.status).toBe(200)
  const headers = { authorization: `Bearer ${String(first.body['access_token'])}` }
  const info = await fetch(metadata['userinfo_endpoint'] ?? '', { headers })
  expect(await info.json()).toMatchObject({ sub: 'subject-1', preferred_username: user })
  const second = await post('token', code)
  expect(second).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  // A code used twice is a sign of theft: what it brought is ended.
  expect((await refresh(String(first.body['refresh_token']))).status).toBe(400)
})
