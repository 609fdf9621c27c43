import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issuersYaml, startBearerService, type BearerService } from '../support/bearer-service.ts'
import { openConsoleBrowser, type ConsoleBrowser } from '../support/console-browser.ts'
import { openAddress } from '../support/open-address.ts'
import { openPageBrowser } from '../support/page-browser.ts'
import { startRealProvider } from '../support/real-provider.ts'
import { startService } from '../support/service-fixture.ts'
import { runImport, tenantId } from '../support/workspace.ts'

const client = `    client: { id: portal, credentials: [{ secret: { file: ./portal } }] }
`
let service: BearerService
beforeAll(async () => {
  service = await startBearerService({ yaml: client })
  await writeFile(join(service.workspace.folder, 'portal'), 'planted~portal', { mode: 0o600 })
})
afterAll(() => service.close())

const callback = '/console/sign-in/callback'

/** Goes as far as the issuer; what it is asked for. */
async function leave(browser: ConsoleBrowser, returnTo = '/console/alarms'): Promise<URL> {
  const query = new URLSearchParams({ return_to: returnTo })
  const page = await (await browser.fetch(`/console/sign-in?${query.toString()}`)).text()
  const answer = await browser.submit(page, '/console/sign-in')
  const leaving = await answer.text()
  expect(answer.status).toBe(200)
  const [, url = ''] = /<a class="button" href="([^"]+)"/.exec(leaving) ?? []
  return new URL(url.replaceAll('&#38;', '&'))
}

/** Answers a sign-in as the issuer would, for an account and what its tokens say. */
function answerTo(asked: URL, claims: Readonly<Record<string, unknown>> = {}): string {
  const code = crypto.randomUUID()
  service.issuer.codes.set(code, {
    access_token: service.issuer.token({
      oid: service.userIds[0],
      name: 'Anna',
      roles: ['Operator'],
      ...claims,
    }),
    token_type: 'Bearer',
    expires_in: 3_600,
    id_token: service.issuer.token({ aud: 'portal', nonce: asked.searchParams.get('nonce') }),
  })
  const state = asked.searchParams.get('state') ?? ''
  return `${callback}?${new URLSearchParams({ code, state }).toString()}`
}

async function signIn(browser: ConsoleBrowser, claims = {}): Promise<Response> {
  return await browser.fetch(answerTo(await leave(browser), claims))
}

/** What a page tells to which an address with a code leads at once. */
async function told(answer: Response): Promise<Response> {
  if (answer.status !== 303) return answer
  const location = answer.headers.get('location') ?? ''
  expect(location).toMatch(/^\/console\/sign-in\/refused\?seen=[\w-]+$/)
  return await fetch(new URL(location, answer.url))
}

async function refusal(brought: Response): Promise<string> {
  const answer = await told(brought)
  expect(answer.headers.getSetCookie().join()).not.toContain('evergrant-console=')
  expect(brought.headers.getSetCookie().join()).not.toContain('evergrant-console=')
  expect(answer.headers.get('content-type')).toContain('text/html')
  const [, code = ''] = /<code>(\w+)<\/code>, request/.exec(await answer.text()) ?? []
  return code
}

describe('nobody is signed in', () => {
  it('by an answer to a sign-in that began in another browser: login CSRF', async () => {
    const [victim, attacker] = [openConsoleBrowser(service.url), openConsoleBrowser(service.url)]
    const answer = answerTo(await leave(attacker))
    expect(await refusal(await victim.fetch(answer))).toBe('console_sign_in_refused')
    const theirs = await leave(victim)
    expect(await refusal(await victim.fetch(answer))).toBe('console_sign_in_refused')
    // And it has not ended what the victim began.
    expect((await victim.fetch(answerTo(theirs))).status).toBe(303)
  })

  it('by an answer that comes again', async () => {
    const browser = openConsoleBrowser(service.url)
    const asked = await leave(browser)
    const kept = new Map(browser.cookies)
    expect((await browser.fetch(answerTo(asked))).status).toBe(303)
    const thief = openConsoleBrowser(service.url)
    for (const [name, value] of kept) thief.cookies.set(name, value)
    expect(await refusal(await thief.fetch(answerTo(asked)))).toBe('console_sign_in_refused')
  })

  it('by a code of another sign-in: code injection', async () => {
    const [one, two] = [openConsoleBrowser(service.url), openConsoleBrowser(service.url)]
    const injected = new URLSearchParams(answerTo(await leave(one)).split('?')[1])
    injected.set('state', (await leave(two)).searchParams.get('state') ?? '')
    // The issuer of this test does not check the verifier: the nonce alone stands against it here.
    const answer = await two.fetch(`${callback}?${injected.toString()}`)
    expect(await refusal(answer)).toBe('id_token_invalid')
  })

  it('by an answer of another issuer: mix-up', async () => {
    const browser = openConsoleBrowser(service.url)
    const asked = await leave(browser)
    const answer = await browser.fetch(`${answerTo(asked)}&iss=https%3A%2F%2Fevil.example`)
    expect(await refusal(answer)).toBe('console_sign_in_refused')
    expect(service.issuer.forms.some((form) => form.get('nonce') !== null)).toBe(false)
  })

  it('without state, without code, or with two', async () => {
    for (const change of [
      (query: URLSearchParams) => query.delete('state'),
      (query: URLSearchParams) => query.set('state', 'x'.repeat(43)),
      (query: URLSearchParams) => query.delete('code'),
      (query: URLSearchParams) => query.append('code', 'other'),
    ]) {
      const browser = openConsoleBrowser(service.url)
      const query = new URLSearchParams(answerTo(await leave(browser)).split('?')[1])
      change(query)
      const answer = await browser.fetch(`${callback}?${query.toString()}`)
      expect(await refusal(answer)).toBe('console_sign_in_refused')
    }
    const alone = await openConsoleBrowser(service.url).fetch(callback)
    expect(await refusal(alone)).toBe('console_sign_in_refused')
  })

  it('where the issuer says no, in words that cannot run', async () => {
    const browser = openConsoleBrowser(service.url)
    const state = (await leave(browser)).searchParams.get('state') ?? ''
    const query = new URLSearchParams({
      error: 'access_denied',
      error_description: '<script>alert(1)</script>',
      state,
    })
    const answer = await browser.fetch(`${callback}?${query.toString()}`)
    const page = await answer.text()
    expect(answer.status).toBe(400)
    expect(page).toContain('access_denied')
    expect(page).not.toContain('<script')
  })

  it('who has no role here, and is told what to do', async () => {
    const answer = await told(await signIn(openConsoleBrowser(service.url), { roles: [] }))
    expect(answer.status).toBe(403)
    const page = await answer.text()
    expect(page).toContain('Anna')
    expect(page).toContain('evergrant people link')
  })

  it('whose account is not in the directory', async () => {
    const answer = await signIn(openConsoleBrowser(service.url), { oid: crypto.randomUUID() })
    expect(await refusal(answer)).toBe('account_unmatched')
  })

  it('from a form of another site, or at an issuer that is not offered', async () => {
    const begin = (headers: Readonly<Record<string, string>>, issuer = 'lab'): Promise<Response> =>
      openConsoleBrowser(service.url).fetch('/console/sign-in', {
        method: 'POST',
        body: new URLSearchParams({ issuer }),
        headers,
      })
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ]) {
      expect(await refusal(await begin(new Headers(headers) as never))).toBe('csrf_refused')
    }
    expect(await refusal(await begin({}, 'nobody'))).toBe('issuer_unknown')
    expect(await refusal(await begin({}, '__proto__'))).toBe('issuer_unknown')
  })
})

describe('a sign-in', () => {
  it('asks the issuer for a code, bound to this browser and this sign-in', async () => {
    const asked = await leave(openConsoleBrowser(service.url))
    expect(asked.href).toContain(`${service.issuer.issuer}/auth?`)
    expect(Object.fromEntries(asked.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'portal',
      redirect_uri: `${service.url}${callback}`,
      scope: 'openid profile',
      code_challenge_method: 'S256',
    })
    const values = ['state', 'nonce', 'code_challenge'].map((name) => asked.searchParams.get(name))
    expect(new Set(values).size).toBe(3)
  })

  it('ends in a session of the account, and where it began', async () => {
    const browser = openConsoleBrowser(service.url)
    const answer = await signIn(browser)
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe('/console/alarms')
    expect(await browser.session()).toMatchObject({
      name: 'Anna',
      role: 'operator',
      caller_id: `usr_${tenantId}_${service.userIds[0]}`,
      sign_in: { kind: 'issuer', issuer: 'lab' },
    })
    expect([...browser.cookies.keys()]).toEqual(['evergrant-console'])
    expect(service.issuer.forms.at(-1)?.get('code_verifier')).toMatch(/^[\w-]{43}$/)
  })

  it('replaces the session that the browser had', async () => {
    const browser = openConsoleBrowser(service.url)
    await signIn(browser)
    const cookie = `evergrant-console=${browser.cookies.get('evergrant-console')}`
    await signIn(browser)
    expect((await fetch(`${service.url}/console/session`, { headers: { cookie } })).status).toBe(
      401,
    )
    expect(await browser.session()).toBeDefined()
  })

  it('leads nowhere else, whatever it is asked for', async () => {
    for (const returnTo of ['//evil.example', '/\\evil.example', '/console/../evil']) {
      const browser = openConsoleBrowser(service.url)
      const answer = await browser.fetch(answerTo(await leave(browser, returnTo)))
      expect(answer.headers.get('location')).toBe('/console/')
    }
  })

  it('leaves no code, state or cookie in the log', async () => {
    const browser = openConsoleBrowser(service.url)
    const asked = await leave(browser)
    const answer = answerTo(asked)
    const cookies = [...browser.cookies.values()]
    await browser.fetch(answer)
    const log = JSON.stringify(service.log())
    const query = new URLSearchParams(answer.split('?')[1])
    for (const secret of [...query.values(), ...cookies, ...browser.cookies.values()]) {
      expect(log).not.toContain(secret)
    }
  })

  it('is over for whoever is disabled meanwhile', async () => {
    const browser = openConsoleBrowser(service.url)
    await signIn(browser, { oid: service.userIds[1] })
    expect(await browser.session()).toBeDefined()
    const key = await service.addCaller('ops', { role: 'operator' })
    const path = `/api/v1/accounts/${tenantId}/${service.userIds[1]}/disable`
    const answer = await fetch(`${service.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{}',
    })
    expect(answer.ok).toBe(true)
    await expect.poll(() => browser.session()).toBeUndefined()
  })

  it('is over when people are to sign in at its issuer no more, though its tokens are taken', async () => {
    const browser = openConsoleBrowser(service.url)
    await signIn(browser)
    expect(await browser.session()).toBeDefined()
    await service.writeIssuers(issuersYaml(service.issuer.issuer, ''))
    await service.serving.reload()
    expect(await browser.session()).toBeUndefined()
    await service.writeIssuers(issuersYaml(service.issuer.issuer, client))
    await service.serving.reload()
    expect(await browser.session()).toBeDefined()
  })

  it('is over when what its issuer gives has changed, or its issuer is gone', async () => {
    const browser = openConsoleBrowser(service.url)
    await signIn(browser)
    expect(await browser.session()).toBeDefined()
    await service.writeIssuers(
      issuersYaml(service.issuer.issuer, client).replace('value: Operator', 'value: Other'),
    )
    await service.serving.reload()
    expect(await browser.session()).toBeUndefined()
  })
})

describe('pages of the sign-in', () => {
  it('run nothing, load nothing and stand in no frame', async () => {
    const { token } = await service.serving.console.makeLink({
      name: 'x',
      role: 'viewer',
      lifeMs: 60_000,
      by: 'test',
    })
    for (const path of ['', '/callback?error=x', `/link/${token.reveal()}`, '/link/ega_none']) {
      const answer = await fetch(`${service.url}/console/sign-in${path}`)
      const policy = answer.headers.get('content-security-policy') ?? ''
      expect(policy).toContain(`default-src 'none'`)
      expect(policy).toContain(`frame-ancestors 'none'`)
      expect(policy).toMatch(/form-action '(?:self|none)'/)
      expect(answer.headers.get('x-frame-options')).toBe('DENY')
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
      expect(await answer.text()).not.toMatch(/<script|src=|javascript:/i)
    }
  })
})

it('people of an Entra tenant sign in on its own pages', async () => {
  const clientId = '2f0c0000-1111-4222-8333-444444444444'
  const entra = await startService({
    prepare: async (workspace) => {
      await runImport(workspace)
      const { authority } = workspace.simulator.urls
      await appendFile(
        workspace.configPath,
        `issuers:
  contoso:
    type: entra
    tenants: [${tenantId}]
    authority: ${authority}
    audiences: [${clientId}]
    claims: [id_token]
    match: [{ claim: oid, column: id }]
    userName: preferred_username
    access: [{ role: viewer }]
    client: { id: ${clientId}, credentials: [{ secret: { file: ./secret } }] }
`,
      )
    },
  })
  try {
    const { simulator } = entra.workspace
    simulator.control.setAutoSignIn(null)
    const browser = openConsoleBrowser(entra.url)
    const pages = openPageBrowser()
    await pages.open((await leave(browser)).href)
    const { userPrincipalName: username } = simulator.account()
    let shown = await pages.submit({ username })
    if (shown === 'Enter code')
      shown = await pages.submit({ otc: simulator.control.totp(username) })
    if (shown === 'Permissions requested') shown = await pages.submit({})
    expect(shown).toBe('redirected')
    const answer = await browser.fetch(pages.location()?.href ?? '')
    expect(answer.status).toBe(303)
    expect(await browser.session()).toMatchObject({ name: username, role: 'viewer' })
  } finally {
    await entra.close()
  }
})

it('people of a real OpenID provider sign in, whose answers name it (RFC 9207)', async () => {
  const real = await startRealProvider()
  const fixture = await startService({
    prepare: async (workspace) => {
      await writeFile(join(workspace.folder, 'real'), real.clientSecret, { mode: 0o600 })
      await appendFile(
        workspace.configPath,
        `issuers:
  real:
    type: oidc
    issuer: ${real.issuer}
    audiences: [${real.clientId}]
    claims: [id_token]
    userName: sub
    access: [{ claim: sub, value: anna, role: admin }]
    client: { id: ${real.clientId}, credentials: [{ secret: { file: ./real } }] }
`,
      )
    },
  })
  try {
    const browser = openConsoleBrowser(fixture.url)
    const asked = await leave(browser)
    const led = await openAddress(asked.href, `${fixture.url}${callback}`)
    const without = new URL(led)
    expect(without.searchParams.get('iss')).toBe(real.issuer)
    without.searchParams.delete('iss')
    const other = openConsoleBrowser(fixture.url)
    for (const [name, value] of browser.cookies) other.cookies.set(name, value)
    expect(await refusal(await other.fetch(without.href))).toBe('console_sign_in_refused')
    const again = await openAddress((await leave(browser)).href, `${fixture.url}${callback}`)
    const answer = await browser.fetch(again)
    expect(answer.status).toBe(303)
    expect(await browser.session()).toMatchObject({ name: 'anna', role: 'admin' })
  } finally {
    await fixture.close()
    await real.close()
  }
})
