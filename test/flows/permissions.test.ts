import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startConsentService, type ConsentService } from '../support/consent-service.ts'
import { people } from '../support/consent-world.ts'
import { openPageBrowser } from '../support/page-browser.ts'

let service: ConsentService
beforeEach(async () => {
  service = await startConsentService(
    {},
    { customers: '{ first: 0 }', graphRequires: '[User.Read]' },
  )
})
afterEach(() => service.close())

interface Permissions {
  readonly targets: readonly {
    readonly target: string
    readonly required: readonly string[]
    readonly granted: readonly string[]
    readonly missing: readonly string[]
    readonly source: string
  }[]
  readonly reconsent_url: string | null
  readonly admin_consent_url: string | null
}

async function permissions(address = 'csp', role: 'viewer' | 'none' = 'viewer'): Promise<Response> {
  const { key } = await service.serving.callerDesk.add({
    name: crypto.randomUUID(),
    connections: '*',
    ...(role === 'none' ? {} : { role }),
  })
  return await fetch(`${service.url}/api/v1/connections/${address}/permissions`, {
    headers: { authorization: `Bearer ${key.reveal()}` },
  })
}
const told = async (address = 'csp'): Promise<Permissions> =>
  (await (await permissions(address)).json()) as Permissions
const consent = async (): Promise<void> => {
  const { world } = service
  const done = await world.evergrant('consent complete csp --json', await world.signIn())
  expect(done.exit).toBe(0)
}
/** Opens an address of ours by hand; redirects are not followed. */
const visit = async (path: string): Promise<Response> =>
  await fetch(`${service.url}${path}`, { redirect: 'manual' })
const adminReturns = (): readonly string[] =>
  service
    .log()
    .split('\n')
    .filter((line) => line.includes('consent.admin_returned'))

describe('the permissions of a connection', () => {
  it('are told to viewers alone, and only of connections there are', async () => {
    expect((await permissions('csp', 'none')).status).toBe(403)
    expect((await permissions('nothing')).status).toBe(404)
    expect((await permissions('app@other.example')).status).toBe(400)
  })

  it('are unknown before there is a token, and asking obtains none', async () => {
    const { targets, reconsent_url: more } = await told()
    expect(targets.find(({ target }) => target.includes('graph'))).toMatchObject({
      required: ['User.Read'],
      granted: [],
      missing: [],
      source: 'none',
    })
    expect(more).toBeNull()
    expect(service.world.simulator.control.tokenRequests()).toEqual([])
    expect((await service.world.evergrant('connections permissions csp')).exit).toBe(3)
  })

  it('are those of the newest token, and never the token', async () => {
    await consent()
    const answer = await (await permissions()).text()
    const [graph] = (JSON.parse(answer) as Permissions).targets
    expect(graph).toMatchObject({ missing: [], source: 'token' })
    expect(graph?.granted).toContain('User.Read')
    expect(answer).not.toMatch(/eyJ/)
  })

  it('that a customer has not consented to can be asked of its administrator', async () => {
    const { admin_consent_url: url } = await told('csp@fabrikam.example')
    expect(new URL(url ?? '').pathname).toBe('/fabrikam.example/v2.0/adminconsent')
  })
})

describe('the way back of an administrator', () => {
  it('is noted once for an address of ours, and leaves nothing in the address bar', async () => {
    const { admin_consent_url: url } = await told()
    const asked = new URL(url ?? '')
    expect(asked.searchParams.get('redirect_uri')).toBe(`${service.url}/consent/admin`)
    expect(asked.searchParams.get('scope')).toContain('/.default')
    const seen = service.event('consent.admin_returned')
    const browser = openPageBrowser()
    await browser.open(asked.href)
    await browser.submit({ username: people.admin })
    await browser.submit({ password: people.password })
    await browser.submit({})
    const back = browser.location() ?? new URL('none:')
    expect(back.searchParams.get('admin_consent')).toBe('True')
    const first = await visit(back.pathname + back.search)
    expect(first.status).toBe(303)
    expect(first.headers.get('location')).toBe('/consent/admin?seen=granted')
    expect(await seen).toMatchObject({ connection: 'csp', outcome: 'granted' })
    const count = adminReturns().length
    expect((await visit(back.pathname + back.search)).status).toBe(303)
    expect(adminReturns()).toHaveLength(count)
    expect(service.log()).not.toContain(asked.searchParams.get('state') ?? '')
    const page = await visit('/consent/admin?seen=granted')
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    expect(page.headers.get('cache-control')).toBe('no-store')
    const text = await page.text()
    expect(text).toContain('not proven yet')
    expect(text).not.toContain('<script')
  })

  it('grants nothing, whatever comes, and believes none of it', async () => {
    const evil = '<img src=x onerror=alert(1)>'
    for (const query of [
      'admin_consent=True&tenant=22222222-2222-4333-8444-555555555555',
      `admin_consent=True&tenant=${encodeURIComponent(evil)}&scope=x&state=made-up`,
      'code=planted-code&session_state=x',
      'state=x',
    ]) {
      const answer = await visit(`/consent/admin?${query}`)
      expect([answer.status, answer.headers.get('location')]).toEqual([
        303,
        '/consent/admin?seen=granted',
      ])
    }
    const description = encodeURIComponent(`AADSTS65004: declined ${evil}`)
    const refused = await visit(
      `/consent/admin?admin_consent=True&error=access_denied&error_description=${description}`,
    )
    expect(refused.headers.get('location')).toBe('/consent/admin?seen=refused&aadsts=65004')
    const page = await (await visit('/consent/admin?seen=refused&aadsts=65004')).text()
    expect(page).toContain('AADSTS65004')
    for (const query of ['', '?seen=x', `?seen=refused&aadsts=${encodeURIComponent(evil)}`]) {
      const other = await visit(`/consent/admin${query}`)
      expect(other.status).toBe(200)
      expect(await other.text()).not.toContain('onerror')
    }
    expect(adminReturns()).toEqual([])
    expect(service.log()).not.toContain('planted-code')
    expect((await service.world.evergrant('connections show csp --json')).json()).toMatchObject({
      state: 'unused',
    })
  })
})
