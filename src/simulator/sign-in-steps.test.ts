import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openPageBrowser } from '../../test/support/page-browser.ts'
import { startSimulator, type SimulatedPolicy, type Simulator } from './index.ts'

const redirectUri = 'http://localhost:9999/callback'
const clientId = '2f0c0000-1111-4222-8333-000000000001'
const freshId = '2f0c0000-1111-4222-8333-000000000002'
const anna = { userPrincipalName: 'anna@contoso.example', password: 'correct horse' }
const greta = {
  userPrincipalName: 'greta@contoso.example',
  password: 'g',
  roles: ['Global Administrator'] as const,
}
const guest = {
  userPrincipalName: 'gus_else.example#EXT#@contoso.example',
  isGuest: true,
  groups: ['AdminAgents'],
}
const paula = { userPrincipalName: 'paula@contoso.example', password: 'p', totpSecret: null }
let simulator: Simulator
beforeAll(async () => {
  const application = { id: clientId, displayName: 'Panel <1>', secrets: [{ value: 'first' }] }
  const fresh = {
    id: freshId,
    secrets: [{ value: 'first' }],
    isConsented: false,
    optionalClaims: ['acct'] as const,
  }
  simulator = await startSimulator({
    tenants: [
      {
        id: '11111111-2222-4333-8444-555555555555',
        users: 5,
        applications: [application, fresh],
        accounts: [anna, paula, greta, guest],
      },
      {
        id: '22222222-2222-4333-8444-555555555555',
        users: 5,
        applications: [application],
        accounts: [{ userPrincipalName: 'max@elsewhere.example' }],
      },
    ],
  })
})
beforeEach(() => simulator.control.reset())
afterAll(() => simulator.close())

type Fields = Readonly<Record<string, string>>

/** A browser of the test, which opens the two endpoints by what differs from the usual. */
function openBrowser(): {
  open(fields?: Fields): Promise<string>
  /** Opens the admin consent endpoint, v2.0 or v1. */
  administer(path: string, fields?: Fields): Promise<string>
  submit(fields: Fields): Promise<string>
  /** Where the application was answered. */
  answer(): URLSearchParams
} {
  const browser = openPageBrowser()
  const open = (path: string, fields: Fields): Promise<string> => {
    const query = new URLSearchParams({
      client_id: clientId,
      redirect_uri: redirectUri,
      state: 'the state',
      ...fields,
    })
    return browser.open(`${simulator.urls.authority}/${path}?${query.toString()}`)
  }
  return {
    open: (fields = {}) =>
      open(`${simulator.tenant}/oauth2/v2.0/authorize`, {
        response_type: 'code',
        scope: 'openid offline_access https://graph.microsoft.com/User.Read',
        ...fields,
      }),
    administer: (path, fields = {}) => open(path, fields),
    submit: (fields) => browser.submit(fields),
    answer: () => browser.location()?.searchParams ?? new URLSearchParams({ page: browser.page() }),
  }
}

function titleOf(page: string): string | undefined {
  return /<h1>([^<]+)</.exec(page)?.[1]
}

async function claimsOf(code: string | null, id = clientId): Promise<Record<string, unknown>> {
  const form = {
    grant_type: 'authorization_code',
    client_id: id,
    client_secret: 'first',
    code: code ?? '',
    redirect_uri: redirectUri,
  }
  const url = `${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
  const { id_token: token = '..' } = (await answer.json()) as { readonly id_token?: string }
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString() || '{}') as never
}

const username = anna.userPrincipalName
const { password } = anna

test('an account that is not there, and a wrong password, are said at the page', async () => {
  const browser = openBrowser()
  expect(await browser.open()).toBe('Sign in')
  expect(await browser.submit({ username: 'nobody@contoso.example' })).toBe('Sign in')
  expect(browser.answer().get('page')).toContain('AADSTS50034')
  await browser.submit({ username: 'max@elsewhere.example' })
  expect(browser.answer().get('page')).toContain('AADSTS50020')
  expect(await browser.submit({ username })).toBe('Enter password')
  expect(await browser.submit({ password: 'wrong' })).toBe('Enter password')
  expect(browser.answer().get('page')).toContain('AADSTS50126')
  expect(await browser.submit({ password })).toBe('redirected')
  expect(await claimsOf(browser.answer().get('code'))).toMatchObject({ amr: ['pwd'] })
})

test('the tenth wrong password locks the account, until the control unlocks it', async () => {
  const browser = openBrowser()
  await browser.open()
  await browser.submit({ username })
  for (let i = 0; i < 10; i++) await browser.submit({ password: 'wrong' })
  expect(await browser.submit({ password })).toBe('You cannot access this right now')
  expect(browser.answer().get('page')).toContain('AADSTS50053')
  expect(await browser.submit({ action: 'return' })).toBe('redirected')
  expect(browser.answer().get('error_description')).toContain('AADSTS50053')
  simulator.control.setAccount(username, { isLocked: false })
  await browser.open()
  await browser.submit({ username })
  expect(await browser.submit({ password })).toBe('redirected')
})

test.each([
  ['the request asks by amr_values', { amr_values: 'mfa' }],
  [
    'the request asks by claims',
    { claims: '{"id_token":{"amr":{"essential":true,"values":["mfa"]}}}' },
  ],
])('a code of the authenticator app is needed when %s', async (_, fields) => {
  const browser = openBrowser()
  await browser.open(fields)
  await browser.submit({ username })
  expect(await browser.submit({ password })).toBe('Enter code')
  const early = simulator.control.totp(username)
  simulator.control.advanceClock(90_000)
  expect(await browser.submit({ otc: early })).toBe('Enter code')
  expect(browser.answer().get('page')).toContain('role="alert"')
  expect(await browser.submit({ otc: simulator.control.totp(username) })).toBe('redirected')
  expect(await claimsOf(browser.answer().get('code'))).toMatchObject({ amr: ['pwd', 'mfa'] })
})

test('who has no authenticator app cannot give a second factor', async () => {
  const browser = openBrowser()
  await browser.open({ amr_values: 'mfa' })
  await browser.submit({ username: paula.userPrincipalName })
  expect(await browser.submit({ password: 'p' })).toBe('You cannot access this right now')
  expect(browser.answer().get('page')).toContain('AADSTS50079')
  await browser.submit({ action: 'return' })
  expect([browser.answer().get('error'), browser.answer().get('state')]).toEqual([
    'access_denied',
    'the state',
  ])
  expect(() => simulator.control.totp(paula.userPrincipalName)).toThrow('no authenticator app')
})

test('the consent page says who asks for what; declining is access_denied 65004', async () => {
  const browser = openBrowser()
  await browser.open({ prompt: 'consent' })
  await browser.submit({ username })
  expect(await browser.submit({ password })).toBe('Permissions requested')
  const page = browser.answer().get('page')
  expect(page).toContain('Panel &lt;1&gt;')
  expect(page).toContain('<li><code>https://graph.microsoft.com/User.Read</code></li>')
  await browser.submit({ action: 'cancel' })
  expect(browser.answer().get('error')).toBe('access_denied')
  expect(browser.answer().get('error_description')).toContain('AADSTS65004')
})

test('no page can be skipped, and none works twice', async () => {
  const browser = openBrowser()
  const start = async (): Promise<void> => {
    await browser.open({ amr_values: 'mfa' })
    await browser.submit({ username })
  }
  simulator.control.withdrawConsent()
  for (const step of ['consent', 'code', 'refused']) {
    await start()
    expect(await browser.submit({ step, otc: simulator.control.totp(username) })).toBe('Sign in')
  }
  await start()
  expect(await browser.submit({ password })).toBe('Enter code')
  expect(await browser.submit({ step: 'consent' })).toBe('Sign in')
  await start()
  const page = browser.answer().get('page') ?? ''
  const handle = /name="handle" value="([^"]+)"/.exec(page)?.[1] ?? ''
  expect(await browser.submit({ password })).toBe('Enter code')
  expect(await browser.submit({ step: 'password', handle, password })).toBe('Sign in')
  expect(await browser.submit({ step: 'code', handle: 'made up' })).toBe('Sign in')
})

test('the short form, which takes a name for a sign-in, is not for accounts with a password', async () => {
  const browser = openBrowser()
  await browser.open()
  const url =
    browser
      .answer()
      .get('page')
      ?.match(/action="([^"]+)"/)?.[1] ?? ''
  const body = new URLSearchParams({ username, mfa: 'on', action: 'accept' })
  const address = `${simulator.urls.authority}${url.replaceAll('&amp;', '&')}`
  const answer = await fetch(address, { method: 'POST', body, redirect: 'manual' })
  expect(titleOf(await answer.text())).toBe('Enter password')
})

test('who needs an administrator’s approval cannot consent; an administrator can, for good', async () => {
  const browser = openBrowser()
  simulator.control.setPolicies([{ code: 90094 }])
  await browser.open()
  await browser.submit({ username })
  expect(await browser.submit({ password })).toBe('Need admin approval')
  expect(await browser.submit({ step: 'consent' })).toBe('Sign in')
  await browser.submit({ username: greta.userPrincipalName })
  expect(await browser.submit({ password: 'g' })).toBe('Permissions requested')
  expect(await browser.submit({})).toBe('redirected')
  expect(await claimsOf(browser.answer().get('code'))).toHaveProperty('oid')
  const other = openBrowser()
  await other.open()
  await other.submit({ username })
  expect(await other.submit({ password })).toBe('redirected')
})

test('one consent is for every resource that the request names', async () => {
  const { control } = simulator
  const browser = openBrowser()
  const arm = 'https://management.azure.com'
  control.withdrawConsent('https://graph.microsoft.com')
  control.withdrawConsent(arm)
  await browser.open({ scope: `openid https://graph.microsoft.com/User.Read ${arm}/.default` })
  await browser.submit({ username })
  await browser.submit({ password })
  expect(await browser.submit({})).toBe('redirected')
  expect(await browser.open({ prompt: 'none', scope: `openid ${arm}/.default` })).toBe('redirected')
  expect(browser.answer().has('code')).toBe(true)
})

test('consent once given is not asked for again', async () => {
  const browser = openBrowser()
  simulator.control.withdrawConsent()
  await browser.open()
  await browser.submit({ username })
  expect(await browser.submit({ password })).toBe('Permissions requested')
  expect(await browser.submit({})).toBe('redirected')
  expect(await browser.open()).toBe('redirected')
  expect(browser.answer().has('code')).toBe(true)
})

test('a browser stays signed in; prompt=login, max_age and another hint ask again', async () => {
  const browser = openBrowser()
  expect(await browser.open({ prompt: 'none' })).toBe('redirected')
  expect(browser.answer().get('error')).toBe('login_required')
  await browser.open()
  await browser.submit({ username })
  await browser.submit({ password })
  const at = Math.floor(simulator.now() / 1_000)
  simulator.control.advanceClock(100_000)
  expect(await browser.open({ max_age: '200' })).toBe('redirected')
  const { auth_time: authTime } = await claimsOf(browser.answer().get('code'))
  expect(Math.abs(Number(authTime) - at)).toBeLessThan(10)
  expect(await browser.open({ prompt: 'none' })).toBe('redirected')
  expect(browser.answer().has('code')).toBe(true)
  expect(await browser.open({ max_age: '60' })).toBe('Sign in')
  expect(await browser.open({ prompt: 'login' })).toBe('Sign in')
  expect(await browser.open({ login_hint: paula.userPrincipalName })).toBe('Sign in')
  expect(await browser.open({ amr_values: 'mfa' })).toBe('Enter code')
  expect(await browser.open({ prompt: 'none', amr_values: 'mfa' })).toBe('redirected')
  expect(browser.answer().get('error')).toBe('interaction_required')
  expect(await openBrowser().open()).toBe('Sign in')
})

test.each<readonly [string, SimulatedPolicy, string]>([
  ['blocks', { code: 53003 }, 'AADSTS53003'],
  ['blocks one user', { code: 50105, user: 'ANNA@contoso.example' }, 'AADSTS50105'],
  ['blocks one application', { code: 530035, clientId }, 'AADSTS530035'],
  ['keeps consent for administrators', { code: 90094 }, 'AADSTS90094'],
])('a policy that %s is told at the page and at the application', async (_, policy, text) => {
  const browser = openBrowser()
  simulator.control.setPolicies([policy])
  await browser.open()
  await browser.submit({ username })
  await browser.submit({ password })
  expect(browser.answer().get('page')).toContain(text)
  await browser.submit({ action: 'return' })
  expect(browser.answer().get('error_description')).toContain(text)
})

test('a policy is for whom and for what it names, and no other', async () => {
  const browser = openBrowser()
  simulator.control.setPolicies([
    { code: 53003, user: paula.userPrincipalName },
    { code: 53003, audience: 'https://management.azure.com' },
    { code: 53003, at: 'token' },
  ])
  await browser.open()
  await browser.submit({ username })
  expect(await browser.submit({ password })).toBe('redirected')
  expect(browser.answer().has('code')).toBe(true)
  expect(() => simulator.control.setPolicies([{ code: 1.5 }])).toThrow('policies[0].code')
})

const scope = 'https://graph.microsoft.com/.default'

test('admin consent is refused to who may not give it', async () => {
  const browser = openBrowser()
  await browser.administer(`${simulator.tenant}/v2.0/adminconsent`, { scope })
  await browser.submit({ username })
  expect(await browser.submit({ password })).toBe('Need admin approval')
  await browser.submit({ action: 'return' })
  const answer = Object.fromEntries(browser.answer())
  expect(answer).toMatchObject({ error: 'access_denied', admin_consent: 'True' })
  expect(answer['error_description']).toContain('AADSTS90094')
})

test('admin consent needs its scope, and says so by redirect with admin_consent=True', async () => {
  const browser = openBrowser()
  await browser.administer(`${simulator.tenant}/v2.0/adminconsent`)
  expect(Object.fromEntries(browser.answer())).toMatchObject({
    error: 'invalid_request',
    admin_consent: 'True',
    state: 'the state',
  })
  await browser.administer(`${simulator.tenant}/adminconsent`, { redirect_uri: 'http://x.example' })
  expect(browser.answer().get('page')).toContain('AADSTS50011')
})

test.each([
  ['v2.0', () => `${simulator.tenant}/v2.0/adminconsent`, { scope }],
  ['v2.0 of organizations', () => 'organizations/v2.0/adminconsent', { scope }],
  ['v1', () => `${simulator.tenant}/adminconsent`, {}],
])('%s: an administrator consents for everybody, and no code comes', async (_, path, fields) => {
  const { control, tenant } = simulator
  const browser = openBrowser()
  control.withdrawConsent()
  await browser.administer(path(), fields)
  await browser.submit({ username: greta.userPrincipalName })
  expect(await browser.submit({ password: 'g' })).toBe('Permissions requested')
  expect(browser.answer().get('page')).toContain('for all users in <strong>contoso.example')
  await browser.submit({ action: 'cancel' })
  expect(browser.answer().get('error')).toBe('access_denied')
  await browser.administer(path(), fields)
  await browser.submit({ username: greta.userPrincipalName })
  await browser.submit({ password: 'g' })
  expect(await browser.submit({})).toBe('redirected')
  expect(Object.fromEntries(browser.answer())).toEqual({
    ...fields,
    admin_consent: 'True',
    tenant,
    state: 'the state',
  })
  const other = openBrowser()
  await other.open()
  await other.submit({ username })
  expect(await other.submit({ password })).toBe('redirected')
})

test('a code is no good at another tenant: 700005', async () => {
  const browser = openBrowser()
  await browser.open()
  await browser.submit({ username })
  await browser.submit({ password })
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: clientId,
    client_secret: 'first',
    code: browser.answer().get('code') ?? '',
    redirect_uri: redirectUri,
  })
  const path = '22222222-2222-4333-8444-555555555555/oauth2/v2.0/token'
  const answer = await fetch(`${simulator.urls.authority}/${path}`, { method: 'POST', body })
  expect(await answer.json()).toMatchObject({ error: 'invalid_grant', error_codes: [700005] })
})

test('an application nobody consented to asks at the first sign-in, and after a reset again', async () => {
  for (let i = 0; i < 2; i++) {
    const browser = openBrowser()
    await browser.open({ client_id: freshId })
    await browser.submit({ username })
    expect(await browser.submit({ password })).toBe('Permissions requested')
    await browser.submit({})
    expect(await claimsOf(browser.answer().get('code'), freshId)).toMatchObject({ acct: 0 })
    simulator.control.reset()
  }
})

test('a guest is told by where it comes from, and by acct where the application wants it', async () => {
  const browser = openBrowser()
  await browser.open()
  await browser.submit({ username: guest.userPrincipalName })
  const claims = await claimsOf(browser.answer().get('code'))
  expect(claims['idp']).not.toContain(simulator.tenant)
  expect(claims).not.toHaveProperty('acct')
  await browser.open({ client_id: freshId })
  await browser.submit({})
  const told = await claimsOf(browser.answer().get('code'), freshId)
  expect(told).toMatchObject({ acct: 1 })
})
