import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Role } from '../../src/access/index.ts'
import { consoleLinkUrl } from '../../src/server/index.ts'
import { openConsoleBrowser, type ConsoleBrowser } from '../support/console-browser.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let service: ServiceFixture
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.close())

async function makeLink(role: Role = 'admin', lifeMs = 60_000): Promise<string> {
  const wish = { name: 'Anna <b>', role, lifeMs, by: 'test' }
  const { token } = await service.serving.console.makeLink(wish)
  return consoleLinkUrl(service.url, token.reveal())
}
async function signedIn(role: Role = 'admin'): Promise<ConsoleBrowser> {
  const browser = openConsoleBrowser(service.url)
  await browser.enter(await makeLink(role))
  return browser
}
const codeOf = async (answer: Response): Promise<unknown> =>
  ((await answer.json()) as Record<string, unknown>)['code']

describe('a link signs nobody in', () => {
  it('when it is opened, however often: mail scanners do that', async () => {
    const link = await makeLink()
    const scanner = openConsoleBrowser(service.url)
    for (const method of ['GET', 'HEAD', 'GET']) {
      const answer = await scanner.fetch(link, { method })
      expect(answer.status).toBe(200)
      expect(answer.headers.getSetCookie()).toEqual([])
    }
    await openConsoleBrowser(service.url).enter(link)
  })

  it('twice, whoever is faster', async () => {
    const link = await makeLink()
    const page = await (await fetch(link)).text()
    const { pathname } = new URL(link)
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => openConsoleBrowser(service.url).submit(page, pathname)),
    )
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      303, 410, 410, 410,
    ])
    const again = await fetch(link)
    expect(again.status).toBe(410)
    expect(await again.text()).toContain('The link was used at')
  })

  it('once it has expired, or was never made', async () => {
    const link = await makeLink('admin', 1)
    await expect.poll(async () => (await fetch(link)).status).toBe(410)
    expect((await fetch(link, { method: 'POST' })).status).toBe(410)
    const unknown = `${service.url}/console/sign-in/link/ega_${'x'.repeat(43)}`
    expect((await fetch(unknown)).status).toBe(410)
    expect((await fetch(`${service.url}/console/sign-in/link/short`)).status).toBe(410)
  })

  it('from the form of another site', async () => {
    const link = await makeLink()
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ]) {
      const answer = await fetch(link, { method: 'POST', headers: new Headers(headers) })
      expect(answer.status).toBe(403)
      expect(answer.headers.getSetCookie()).toEqual([])
    }
    await openConsoleBrowser(service.url).enter(link)
  })
})

describe('a session', () => {
  it('is told of, without its secret', async () => {
    const browser = await signedIn('operator')
    const session = await browser.session()
    expect(session).toMatchObject({
      name: 'Anna <b>',
      role: 'operator',
      sign_in: { kind: 'link', issuer: null },
    })
    expect(session?.['csrf']).toMatch(/^[\w-]{43}$/)
    const secret = browser.cookies.get('evergrant-console') ?? 'none'
    expect(JSON.stringify(session)).not.toContain(secret)
    expect(Date.parse(String(session?.['expires_at'])) - Date.now()).toBeLessThanOrEqual(43_200_000)
  })

  it('is in a cookie that scripts and other sites’ forms do not have', async () => {
    const { setCookies } = await signedIn()
    expect(setCookies).toHaveLength(1)
    expect(setCookies[0]).toMatch(
      /^evergrant-console=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/,
    )
  })

  it('reads with the cookie alone', async () => {
    const browser = await signedIn('viewer')
    expect((await browser.call('GET', '/api/v1/connections')).status).toBe(200)
  })

  it('changes something only with what its pages alone know', async () => {
    const browser = await signedIn()
    const path = '/api/v1/config/reload'
    const csrf = String((await browser.session())?.['csrf'])
    const other = await signedIn()
    const foreign = String((await other.session())?.['csrf'])
    const refused: readonly Readonly<Record<string, string>>[] = [
      {},
      { 'evergrant-csrf': '' },
      { 'evergrant-csrf': foreign },
      { 'evergrant-csrf': `${csrf}x` },
      { 'evergrant-csrf': csrf, 'sec-fetch-site': 'cross-site' },
      { 'evergrant-csrf': csrf, 'sec-fetch-site': 'same-site' },
      { 'evergrant-csrf': csrf, 'sec-fetch-site': 'none' },
      { 'evergrant-csrf': csrf, origin: 'https://evil.example' },
      { 'evergrant-csrf': csrf, origin: 'null' },
      { 'content-type': 'application/x-www-form-urlencoded' },
    ]
    for (const headers of refused) {
      const answer = await browser.fetch(path, { method: 'POST', headers })
      expect(answer.status).toBe(403)
      expect(await codeOf(answer)).toBe('csrf_refused')
    }
    expect((await browser.call('POST', path)).status).toBe(200)
  })

  it('is not taken from another site’s read', async () => {
    const browser = await signedIn()
    for (const site of ['cross-site', 'same-site', 'none']) {
      const answer = await browser.fetch('/api/v1/connections', {
        headers: { 'sec-fetch-site': site },
      })
      expect(await codeOf(answer)).toBe('csrf_refused')
    }
  })

  it('is refused beside another of its name', async () => {
    const browser = await signedIn()
    const secret = browser.cookies.get('evergrant-console') ?? ''
    const cookie = `evergrant-console=${secret}; evergrant-console=planted`
    const answer = await browser.fetch('/api/v1/connections', { headers: { cookie } })
    expect(answer.status).toBe(400)
    expect(await codeOf(answer)).toBe('credential_malformed')
  })

  it('counts for nothing beside a key', async () => {
    const browser = await signedIn()
    const key = await service.addCaller('plain')
    const answer = await browser.fetch('/api/v1/connections', {
      headers: { authorization: `Bearer ${key}` },
    })
    expect(await codeOf(answer)).toBe('role_missing')
  })

  it('is no credential elsewhere', async () => {
    const browser = await signedIn()
    const headers = { 'sec-fetch-site': 'same-origin' }
    for (const path of [
      '/proxy/contoso-graph/v1.0/users',
      '/auth/verify',
      '/metrics',
      '/directory/v1/me',
      '/identity/token',
      '/oauth/contoso-graph/userinfo',
    ]) {
      const answer = await browser.fetch(path, { headers })
      expect([path, answer.status]).toEqual([path, expect.toBeOneOf([400, 401, 404])])
    }
  })

  it('is another one after each sign-in, and the one before is over', async () => {
    const browser = await signedIn()
    const before = new Map(browser.cookies)
    await browser.enter(await makeLink())
    expect(browser.cookies.get('evergrant-console')).not.toBe(before.get('evergrant-console'))
    const cookie = `evergrant-console=${before.get('evergrant-console')}`
    const answer = await fetch(`${service.url}/console/session`, { headers: { cookie } })
    expect(await codeOf(answer)).toBe('console_signed_out')
  })

  it('cannot be planted: a secret that no sign-in made is nobody’s', async () => {
    const planted = 'p'.repeat(43)
    const browser = openConsoleBrowser(service.url)
    browser.cookies.set('evergrant-console', planted)
    expect(await browser.session()).toBeUndefined()
    await browser.enter(await makeLink())
    expect(browser.cookies.get('evergrant-console')).not.toBe(planted)
  })

  it('ends with the sign-out, its cookie and its stream of events', async () => {
    const browser = await signedIn()
    const stream = await browser.fetch('/api/v1/events', {
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    expect(stream.status).toBe(200)
    const cookie = `evergrant-console=${browser.cookies.get('evergrant-console')}`
    const refused = await browser.fetch('/console/sign-out', { method: 'POST' })
    expect(await codeOf(refused)).toBe('csrf_refused')
    // A form of another site comes without the cookie; its answer could still take it away.
    const foreign = await fetch(`${service.url}/console/sign-out`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    })
    expect([foreign.status, foreign.headers.getSetCookie()]).toEqual([403, []])
    expect((await browser.call('POST', '/console/sign-out')).status).toBe(204)
    expect(browser.cookies.size).toBe(0)
    expect(browser.setCookies.at(-1)).toMatch(/^evergrant-console=; .*Max-Age=0$/)
    expect(await stream.text()).toContain(': connected')
    const answer = await fetch(`${service.url}/api/v1/connections`, { headers: { cookie } })
    expect(answer.status).toBe(401)
  })

  it('is ended by an admin, who sees it', async () => {
    const [admin, viewer, operator] = [
      await signedIn(),
      await signedIn('viewer'),
      await signedIn('operator'),
    ]
    const path = '/api/v1/console/sessions'
    expect(await codeOf(await viewer.call('GET', path))).toBe('role_missing')
    const { items } = (await (await operator.call('GET', path)).json()) as {
      items: { id: string; role: string; is_current: boolean }[]
    }
    expect(items[0]).toMatchObject({ role: 'operator', is_current: true })
    const id = items.find(({ role }) => role === 'viewer')?.id
    expect(await codeOf(await operator.call('DELETE', `${path}/${id}`))).toBe('role_missing')
    expect((await admin.call('DELETE', `${path}/${id}`)).status).toBe(204)
    expect(await viewer.session()).toBeUndefined()
    expect(await codeOf(await admin.call('DELETE', `${path}/${id}`))).toBe('session_unknown')
  })
})

it('logs no token of a link, nor a cookie', async () => {
  const link = await makeLink()
  const browser = openConsoleBrowser(service.url)
  await browser.enter(link)
  const log = JSON.stringify(service.log())
  expect(log).toContain('/console/sign-in/link/ega_…')
  expect(log).not.toContain(link.slice(-43))
  expect(log).not.toContain(browser.cookies.get('evergrant-console'))
})

it('makes whoever guesses links wait', async () => {
  const guess = (): Promise<Response> =>
    fetch(`${service.url}/console/sign-in/link/ega_${crypto.randomUUID()}-0123456`)
  const link = await makeLink()
  for (let i = 0; i < 40; i++) await guess()
  const answer = await guess()
  expect(answer.status).toBe(429)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await fetch(link)).status).toBe(429)
})
