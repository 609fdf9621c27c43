import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import { systemClock, type Clock } from '../../src/kernel/index.ts'
import { startConsentService, type ConsentService } from '../support/consent-service.ts'
import { people } from '../support/consent-world.ts'
import { openVisitor, type PageVisitor, type SeenPage } from '../support/page-visitor.ts'

let service: ConsentService
let client: Client
let aheadMs: number
const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs }
beforeEach(async () => {
  aheadMs = 0
  service = await startConsentService({ clock })
  client = await service.client('operator')
})
afterEach(() => service.close())

const csp = { address: 'csp', recipient: 'Anna Admin' }
type Made = Awaited<ReturnType<Client['links']['create']>>
const make = async (wish: object = {}): Promise<Made> =>
  await client.links.create({ ...csp, ...wish })
const stateOf = async ({ link }: Made): Promise<string> =>
  (await client.links.show({ link: link.id })).state

/** Opens a link, presses its button, and goes through with the sign-in. */
async function use(url: string, visitor: PageVisitor = openVisitor()): Promise<SeenPage> {
  const departure = await start(url, visitor)
  return await visitor.open(departure.refresh ?? '')
}

async function start(url: string, visitor: PageVisitor): Promise<SeenPage> {
  return await visitor.submit(await visitor.open(url))
}

/** Where a page leads; the provider’s address of a sign-in. */
const stateIn = (page: SeenPage): string => page.refresh?.searchParams.get('state') ?? ''

function requireSafe({ headers, body }: SeenPage): void {
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('x-frame-options')).toBe('DENY')
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  expect(headers.get('content-security-policy')).not.toContain('script-src')
  expect(body).not.toMatch(/<script|<[^>]*(?:javascript:| on\w+=)/i)
}

const problem = async (call: Promise<unknown>): Promise<unknown> =>
  await call.then(
    () => 'none',
    (error: unknown) => (error as { readonly code: string }).code,
  )

describe('a hand-off link', () => {
  it('is made by operators, for connections somebody signs in for, within bounds', async () => {
    const viewer = await service.client('viewer')
    expect(await problem(viewer.links.create(csp))).toBe('role_missing')
    expect(await problem(viewer.links.revoke({ link: 'lnk_1' }))).toBe('role_missing')
    expect(await problem(make({ address: 'app' }))).toBe('usage')
    for (const wish of [
      { recipient: ' ' },
      { recipient: 'x'.repeat(201) },
      { note: 'x'.repeat(1_001) },
      { expires_in_seconds: 299 },
      { expires_in_seconds: 2_592_001 },
    ]) {
      expect(await problem(make(wish))).toBe('request_invalid')
    }
    expect((await viewer.links.list()).items).toEqual([])
  })

  it('tells its address once, and is shown without it', async () => {
    const made = await make({ note: 'See ticket 7.' })
    expect(made.url).toMatch(new RegExp(`^${service.url}/consent/l/egl_[\\w-]{43}$`))
    expect(made.link).toMatchObject({
      connection: 'csp',
      tenant: service.world.simulator.tenant,
      recipient: 'Anna Admin',
      note: 'See ticket 7.',
      state: 'created',
      opened_at: null,
      consent_id: null,
    })
    const hours = (Date.parse(made.link.expires_at) - Date.parse(made.link.created_at)) / 3_600_000
    expect(hours).toBe(72)
    const listed = await client.links.list()
    expect(listed.items).toEqual([made.link])
    expect(JSON.stringify(listed)).not.toContain('egl_')
  })

  it('says who asks, for what and with which account, and spends nothing by it', async () => {
    const made = await make({ note: 'See ticket 7.' })
    const scanner = openVisitor()
    const head = await scanner.open(made.url, { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(head.headers.get('set-cookie')).toBeNull()
    expect(await stateOf(made)).toBe('created')
    for (let i = 0; i < 3; i++) {
      const page = await openVisitor().open(made.url)
      expect(page.status).toBe(200)
      requireSafe(page)
      expect(page.headers.get('content-security-policy')).toContain("form-action 'self'")
    }
    const page = await scanner.open(made.url)
    for (const text of [
      made.link.created_by,
      'Anna Admin',
      'See ticket 7.',
      service.world.simulator.client.id,
      service.world.simulator.tenant,
      'Microsoft Graph',
      'Partner Center',
      'Azure Resource Manager',
      'Global Administrator',
      'AdminAgents',
      'multi-factor',
      'Nothing has to be sent back',
    ]) {
      expect(page.text).toContain(text)
    }
    expect(await client.links.show({ link: made.link.id })).toMatchObject({
      state: 'opened',
      consent_id: null,
    })
    expect((await use(made.url)).heading).toBe('Consent was granted')
  })

  it('leads to the sign-in, and shows there what became of it', async () => {
    const made = await make()
    const anna = openVisitor()
    const departure = await start(made.url, anna)
    expect(departure.refresh?.href).toContain(
      `${service.world.simulator.tenant}/oauth2/v2.0/authorize`,
    )
    requireSafe(departure)
    expect(await stateOf(made)).toBe('started')
    const verified = service.event('consent.verified')
    const page = await anna.open(departure.refresh ?? '')
    expect(page.text).toContain('Nothing has to be sent back')
    expect(await verified).toMatchObject({ linkId: made.link.id })
    const done = await anna.open(page.url)
    expect(done.heading).toBe('The new grant is active')
    expect(await stateOf(made)).toBe('active')
    const link = await client.links.show({ link: made.link.id })
    const consent = await client.consents.show({ consent: link.consent_id ?? '' })
    expect(consent).toMatchObject({
      state: 'active',
      started_by: 'Anna Admin',
      link: { id: made.link.id, recipient: 'Anna Admin' },
      account: { user_name: people.admin },
    })
    // Opened again it shows the same to Anna, and nothing to anybody else.
    expect((await anna.open(made.url)).heading).toBe('The new grant is active')
    const other = await openVisitor().open(made.url)
    expect(other).toMatchObject({ status: 410, heading: 'This link was used' })
    expect(other.text).not.toContain('Proofs')
    requireSafe(other)
    expect((await client.links.list({ open: 'true' })).items).toEqual([])
  })

  it('belongs to the browser that began it', async () => {
    const made = await make()
    const anna = openVisitor()
    const first = await start(made.url, anna)
    const eve = openVisitor()
    const elsewhere = await eve.open(made.url)
    expect(elsewhere).toMatchObject({
      status: 403,
      heading: 'This sign-in was begun in another browser',
    })
    requireSafe(elsewhere)
    // Whoever is led to Anna’s return elsewhere gets nothing, and no code to hand on.
    const led = await eve.open(first.refresh ?? '')
    expect(led.status).toBe(403)
    expect(led.body).not.toContain('egx_')
    expect(service.world.simulator.control.tokenRequests()).toEqual([])
    // Anna closed the window, and begins again: the sign-in before is over.
    const second = await start(made.url, anna)
    expect(stateIn(second)).not.toBe(stateIn(first))
    expect(await anna.open(first.refresh ?? '')).toMatchObject({ heading: 'This sign-in is over' })
    expect((await anna.open(second.refresh ?? '')).heading).toBe('Consent was granted')
  })

  it('is begun by the button of its own page alone', async () => {
    const made = await make()
    const anna = openVisitor()
    const page = await anna.open(made.url)
    const own = page.url.origin
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', origin: own },
      { 'sec-fetch-site': 'same-site', origin: own },
      { 'sec-fetch-site': 'none', origin: own },
      { 'sec-fetch-site': 'cross-site', origin: 'null' },
      { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
    ]) {
      const refused = await anna.submit(page, headers)
      expect(refused.status).toBe(400)
      requireSafe(refused)
    }
    // A page elsewhere has no cookie of the link.
    const bare = await openVisitor().submit(page)
    expect(bare.status).toBe(403)
    expect(bare.text).toContain('Allow cookies')
    expect(await stateOf(made)).toBe('opened')
    // So browsers send it from pages without referrer.
    const headers = { 'sec-fetch-site': 'same-origin', origin: 'null' }
    expect((await anna.submit(page, headers)).status).toBe(200)
  })

  it('begins one sign-in when it is pressed twice, or in two browsers at once', async () => {
    const made = await make()
    const anna = openVisitor()
    const eve = openVisitor()
    const [hers, others] = [await anna.open(made.url), await eve.open(made.url)]
    const pages = await Promise.all([anna.submit(hers), eve.submit(others)])
    expect(pages.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 403])
    const open = (await client.consents.list({ state: 'created' })).items
    expect(open).toHaveLength(1)
  })

  it('can be taken back, with the sign-in that waits by it', async () => {
    const made = await make()
    const anna = openVisitor()
    const departure = await start(made.url, anna)
    await client.links.revoke({ link: made.link.id })
    await client.links.revoke({ link: made.link.id })
    expect(await stateOf(made)).toBe('revoked')
    expect((await anna.open(departure.refresh ?? '')).heading).toBe('This sign-in is over')
    for (const visitor of [anna, openVisitor()]) {
      const page = await visitor.open(made.url)
      expect(page).toMatchObject({ status: 410, heading: 'This link was taken back' })
      requireSafe(page)
    }
    expect(service.world.simulator.control.tokenRequests()).toEqual([])
    expect(await problem(client.links.revoke({ link: 'lnk_none' }))).toBe('consent_link_unknown')
  })

  it('that was taken back while its sign-in was being begun finishes none', async () => {
    const made = await make()
    await client.links.revoke({ link: made.link.id })
    const { url } = await service.serving.composition.consent.begin('csp', {
      redirectUri: `${service.url}/consent/callback`,
      startedBy: 'Anna',
      linkId: made.link.id,
    })
    const page = await openVisitor().open(url)
    expect(page).toMatchObject({ status: 410, heading: 'This link was taken back' })
    expect((await client.consents.list({ state: 'cancelled' })).items).toHaveLength(1)
    expect(service.world.simulator.control.tokenRequests()).toEqual([])
  })

  it('expires, and so does its form', async () => {
    const made = await make({ expires_in_seconds: 300 })
    const anna = openVisitor()
    const page = await anna.open(made.url)
    aheadMs = 300_001
    expect(await anna.open(made.url)).toMatchObject({
      status: 410,
      heading: 'The time of this link is over',
    })
    expect((await anna.submit(page)).status).toBe(410)
    expect(await stateOf(made)).toBe('expired')
  })

  it('may be tried again after a failed trial, until it expires', async () => {
    const made = await make()
    const anna = openVisitor()
    const effect = { kind: 'status', status: 403 } as const
    service.world.simulator.control.addFault({ match: { kind: 'partner' }, effect })
    const failed = service.event('consent.failed')
    const page = await use(made.url, anna)
    await failed
    const told = await anna.open(page.url)
    expect(told.text).toContain('begin again by opening it')
    expect(await stateOf(made)).toBe('failed')
    const verified = service.event('consent.verified')
    await use(made.url, anna)
    await verified
    expect(await stateOf(made)).toBe('active')
  })

  it('lets another account than the one that serves in only when that was approved', async () => {
    const verified = service.event('consent.verified')
    await use((await make()).url)
    await verified
    const [, second] = [...service.world.simulator.users(undefined, ['userPrincipalName'])]
    const { userPrincipalName } = second as { readonly userPrincipalName: string }
    service.world.simulator.control.setAutoSignIn(userPrincipalName)
    const plain = await make()
    expect((await openVisitor().open(plain.url)).text).toContain(
      `the account that serves now: ${service.world.simulator.account().userPrincipalName}`,
    )
    const failed = service.event('consent.failed')
    await use(plain.url)
    expect(await failed).toMatchObject({ code: 'consent_wrong_account', linkId: plain.link.id })
    const approved = await make({ approve_account: true })
    expect((await openVisitor().open(approved.url)).text).toContain('another account')
    const again = service.event('consent.verified')
    await use(approved.url)
    await again
    expect(await stateOf(approved)).toBe('active')
  })

  it('is not ended by a sign-in that an operator begins, nor ends one', async () => {
    const made = await make()
    const anna = openVisitor()
    const departure = await start(made.url, anna)
    const { consent } = await client.consents.begin({ address: 'csp', manual: true })
    expect(await stateOf(made)).toBe('started')
    expect((await client.consents.show({ consent: consent.id })).state).toBe('created')
    expect((await anna.open(departure.refresh ?? '')).heading).toBe('Consent was granted')
  })
})

describe('what people write into a link', () => {
  it('is text on its page, and nothing else', async () => {
    const planted = `"><script>alert('x')</script><img src=x onerror=alert(1)>`
    const made = await make({ recipient: planted, note: `${planted}\njavascript:alert(2)` })
    const page = await openVisitor().open(made.url)
    requireSafe(page)
    expect(page.body).not.toContain('<img')
    expect(page.text).toContain(planted)
  })
})

describe('addresses of no link', () => {
  it('are answered alike, and guessing is slowed down', async () => {
    const visitor = openVisitor()
    const made = await make()
    const guess = (end: string): string => `${service.url}/consent/l/egl_${end.repeat(43)}`
    const first = await visitor.open(guess('a'))
    expect(first).toMatchObject({ status: 404, heading: 'There is no such link' })
    requireSafe(first)
    expect((await visitor.open(`${service.url}/consent/l/nonsense`)).body).toBe(first.body)
    expect((await visitor.open(made.url)).status).toBe(200)
    for (let i = 0; i < 18; i++) await visitor.open(guess('b'))
    const slowed = await visitor.open(guess('c'))
    expect(slowed.status).toBe(429)
    expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(0)
    requireSafe(slowed)
    expect(service.log()).not.toContain('egl_a')
  })
})

describe('what is logged and told of a link', () => {
  it('never is its token, nor the cookie or code of its sign-in', async () => {
    const told: unknown[] = []
    service.serving.composition.events.on((event) => told.push(event))
    const made = await make()
    const anna = openVisitor()
    const verified = service.event('consent.verified')
    const page = await use(made.url, anna)
    await verified
    await client.links.revoke({ link: made.link.id })
    const types = (told as readonly { readonly type: string }[]).map(({ type }) => type)
    for (const type of ['link_created', 'link_opened', 'link_revoked']) {
      expect(types.filter((one) => one === `consent.${type}`)).toHaveLength(1)
    }
    const token = made.url.slice(made.url.lastIndexOf('/') + 1)
    const led = new URL(page.hops.find((hop) => hop.includes('/consent/callback?')) ?? '')
    const secrets = [
      token,
      led.searchParams.get('code') ?? 'none',
      led.searchParams.get('state') ?? 'none',
      ...anna.cookies('localhost').values(),
    ]
    const kept = service.log() + JSON.stringify(told)
    for (const secret of secrets) expect(kept).not.toContain(secret)
    expect(secrets.length).toBe(4)
  })
})
