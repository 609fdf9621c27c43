import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startSimulator, type Simulator } from './index.ts'

const redirectUri = 'http://localhost:9999/consent/callback?from=entra'
const strictTenant = '22222222-2222-4333-8444-555555555555'
const clientId = '2f0c0000-1111-4222-8333-000000000001'
let simulator: Simulator
beforeAll(async () => {
  const application = { id: clientId, secrets: [{ value: 'first' }], redirectUris: [redirectUri] }
  simulator = await startSimulator({
    tenants: [
      { id: '11111111-2222-4333-8444-555555555555', users: 20, applications: [application] },
      { id: strictTenant, users: 20, pkce: 'required', applications: [application] },
    ],
  })
})
beforeEach(() => simulator.control.reset())
afterAll(() => simulator.close())

const verifier = randomBytes(32).toString('base64url')
const challenge = createHash('sha256').update(verifier).digest('base64url')

function authorizeUrl(
  fields: Readonly<Record<string, string | undefined>> = {},
  tenant = simulator.tenant,
): string {
  const all = {
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid offline_access https://graph.microsoft.com/User.Read',
    state: 'the state',
    nonce: 'the nonce',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...fields,
  }
  const sent = Object.entries(all).filter((field): field is [string, string] => Boolean(field[1]))
  const query = new URLSearchParams(sent).toString()
  return `${simulator.urls.authority}/${tenant}/oauth2/v2.0/authorize?${query}`
}

async function follow(
  url: string,
  form?: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly text: string; readonly to: URLSearchParams }> {
  const body = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }
  const response = await fetch(url, { redirect: 'manual', ...body })
  const location = response.headers.get('location')
  const to = new URL(location ?? `${redirectUri}&`).searchParams
  expect(location ?? `${redirectUri}&`).toContain(`${redirectUri}&`)
  return { status: response.status, text: await response.text(), to }
}

async function redeem(
  code: string | null,
  fields: Readonly<Record<string, string | undefined>> = {},
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const all = {
    grant_type: 'authorization_code',
    client_id: clientId,
    client_secret: 'first',
    code: code ?? '',
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...fields,
  }
  const sent = Object.entries(all).filter((field): field is [string, string] => Boolean(field[1]))
  const url = `${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(sent) })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function codeFor(fields: Readonly<Record<string, string | undefined>> = {}): Promise<string> {
  const name = simulator.account().userPrincipalName
  const { to } = await follow(authorizeUrl({ prompt: 'none', login_hint: name, ...fields }))
  return to.get('code') ?? ''
}

test.each([
  ['an unknown client', { client_id: 'nobody' }, 'AADSTS700016'],
  ['a redirect URI not registered', { redirect_uri: `${redirectUri}x` }, 'AADSTS50011'],
])('%s gets a page, never a redirect', async (_, fields, text) => {
  const answer = await follow(authorizeUrl(fields))
  expect(answer.status).toBe(400)
  expect(answer.text).toContain(text)
})

test.each([
  ['unsupported_response_type', { response_type: 'token' }],
  ['invalid_request', { code_challenge_method: 'plain' }],
  ['login_required', { prompt: 'none' }],
  ['login_required', { prompt: 'none', login_hint: 'nobody@contoso.example' }],
])('the error %s comes by redirect, with the state', async (error, fields) => {
  const { status, to } = await follow(authorizeUrl(fields))
  expect(status).toBe(302)
  expect([to.get('error'), to.get('state'), to.get('code')]).toEqual([error, 'the state', null])
})

test('PKCE is demanded where the tenant demands it', async () => {
  const url = authorizeUrl({ code_challenge: undefined }, strictTenant)
  expect((await follow(url)).to.get('error')).toBe('invalid_request')
})

test('silence is refused where consent, a second factor or the account itself is missing', async () => {
  const { control } = simulator
  const name = simulator.account().userPrincipalName
  const silent = authorizeUrl({ prompt: 'none', login_hint: name })
  control.withdrawConsent('https://graph.microsoft.com')
  expect((await follow(silent)).to.get('error')).toBe('consent_required')
  control.setAccount(name, { isMfaRequired: true })
  const asked = await follow(silent)
  expect(asked.to.get('error')).toBe('interaction_required')
  expect(asked.to.get('claims')).toContain('polids')
  control.setAccount(name, { isMfaRequired: false, isDisabled: true })
  const page = await follow(authorizeUrl(), { username: name, mfa: 'on', action: 'accept' })
  expect(page.to.get('error')).toBe('access_denied')
})

test('a scripted refusal comes by redirect as well', async () => {
  const effect = { kind: 'aadsts', code: 65004 } as const
  simulator.control.addFault({ match: { kind: 'authorize' }, effect })
  expect((await follow(authorizeUrl())).to.get('error')).toBe('access_denied')
})

test('the page asks for an account; cancelling is access_denied', async () => {
  const hint = '"><script>'
  const shown = await follow(authorizeUrl({ login_hint: hint }))
  expect(shown.status).toBe(200)
  expect(shown.text).toContain('name="username" value="&quot;&gt;&lt;script&gt;"')
  const cancelled = await follow(authorizeUrl(), { username: 'x', action: 'cancel' })
  expect(cancelled.to.get('error')).toBe('access_denied')
  const unknown = await follow(authorizeUrl(), { username: 'x', mfa: 'on', action: 'accept' })
  expect(unknown.text).toContain('role="alert"')
})

test('signing in at the page brings tokens for the account, consent and MFA evidence', async () => {
  const { id, userPrincipalName: username } = simulator.account()
  simulator.control.withdrawConsent()
  const { to } = await follow(authorizeUrl(), { username, mfa: 'on', action: 'accept' })
  expect(to.get('state')).toBe('the state')
  const { status, body } = await redeem(to.get('code'), { client_info: '1' })
  expect(status).toBe(200)
  const [header = '', payload = '', signature = ''] = String(body['id_token']).split('.')
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
    iss: simulator.urls.issuer(),
    aud: clientId,
    nonce: 'the nonce',
    oid: id,
    tid: simulator.tenant,
    amr: ['pwd', 'mfa'],
  })
  const keysUrl = `${simulator.urls.authority}/${simulator.tenant}/discovery/v2.0/keys`
  const { keys } = (await (await fetch(keysUrl)).json()) as { keys: [Record<string, unknown>] }
  const key = createPublicKey({ key: keys[0], format: 'jwk' })
  const signed = Buffer.from(`${header}.${payload}`)
  expect(verify('sha256', signed, key, Buffer.from(signature, 'base64url'))).toBe(true)
  const info = Buffer.from(String(body['client_info']), 'base64url').toString()
  expect(JSON.parse(info)).toEqual({ uid: id, utid: simulator.tenant })
  expect(body).toHaveProperty('refresh_token')
  const headers = { authorization: `Bearer ${String(body['access_token'])}` }
  const me = await fetch(`${simulator.urls.graph}/v1.0/me`, { headers })
  expect(await me.json()).toMatchObject({ id, userPrincipalName: username })
})

test('a code works once, for ten minutes, with its verifier and redirect URI', async () => {
  const code = await codeFor()
  const wrong = await redeem(code, { code_verifier: `${verifier}x` })
  expect(wrong.body).toMatchObject({ error: 'invalid_grant', error_codes: [501481] })
  const bare = await redeem(code, { code_verifier: undefined })
  expect(bare.body).toMatchObject({ error_codes: [501481] })
  const elsewhere = await redeem(code, { redirect_uri: 'http://localhost:9999/' })
  expect(elsewhere.body).toMatchObject({ error: 'invalid_request', error_codes: [500112] })
  expect((await redeem(code)).status).toBe(200)
  expect((await redeem(code)).body).toMatchObject({ error: 'invalid_grant', error_codes: [54005] })
  const slow = await codeFor()
  simulator.control.advanceClock(600_001)
  expect((await redeem(slow)).body).toMatchObject({ error_codes: [70008] })
  expect((await redeem('1.Anonsense')).body).toMatchObject({ error_codes: [70000] })
})

test('without offline_access no refresh token comes, without openid no ID token', async () => {
  const code = await codeFor({ scope: 'User.Read' })
  const { body } = await redeem(code)
  expect(Object.keys(body)).not.toContain('refresh_token')
  expect(Object.keys(body)).not.toContain('id_token')
})

test('whoever the control says is signed in needs no page', async () => {
  const name = simulator.account().userPrincipalName
  simulator.control.setAutoSignIn('hint')
  expect((await follow(authorizeUrl())).status).toBe(200)
  expect((await follow(authorizeUrl({ login_hint: name }))).to.has('code')).toBe(true)
  simulator.control.setAutoSignIn(name)
  const { to } = await follow(authorizeUrl())
  expect((await redeem(to.get('code'))).status).toBe(200)
})

test('the answer can come in the fragment, or by a form', async () => {
  simulator.control.setAutoSignIn(simulator.account().userPrincipalName)
  const inFragment = await fetch(authorizeUrl({ response_mode: 'fragment' }), {
    redirect: 'manual',
  })
  expect(inFragment.headers.get('location')).toMatch(/#code=.+&state=/)
  const byForm = await follow(authorizeUrl({ response_mode: 'form_post' }))
  expect(byForm.text).toContain('<input type="hidden" name="code" value="1.A')
})
