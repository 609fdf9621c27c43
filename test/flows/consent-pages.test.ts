import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import { startServing } from '../../src/server/index.ts'
import { startConsentService, type ConsentService } from '../support/consent-service.ts'
import { people } from '../support/consent-world.ts'
import { openAddress } from '../support/open-address.ts'
import { openVisitor, type PageVisitor, type SeenPage } from '../support/page-visitor.ts'

let service: ConsentService
let client: Client
/** What the next calls to Partner Center wait for. */
let held: Promise<void> | undefined
beforeEach(async () => {
  held = undefined
  service = await startConsentService({
    wrapOutbound: (outbound) => ({
      ...outbound,
      fetch: async (input, init) => {
        const url = input instanceof Request ? input.url : input.toString()
        if (url.includes('/partner/')) await held
        return await outbound.fetch(input, init)
      },
    }),
  })
  client = await service.client('operator')
})
afterEach(() => service.close())

const csp = { address: 'csp' }

/** A sign-in that an operator begins in a browser of theirs, as the console does. */
async function begin(
  body: object = {},
): Promise<{ readonly id: string; readonly address: string; readonly visitor: PageVisitor }> {
  const { key } = await service.serving.callerDesk.add({
    name: `console-${crypto.randomUUID().slice(0, 8)}`,
    role: 'operator',
    connections: [],
  })
  const visitor = openVisitor()
  const { body: text } = await visitor.open(`${service.url}/api/v1/connections/csp/consents`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key.reveal()}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const begun = JSON.parse(text) as {
    readonly consent: { readonly id: string }
    readonly authorization_url: string
  }
  return { id: begun.consent.id, address: begun.authorization_url, visitor }
}

/** The page that tells what became of a sign-in. */
const told = async (visitor: PageVisitor, id: string): Promise<SeenPage> =>
  await visitor.open(`${service.url}/consent/done/${id}`)

function requireSafe({ headers, body }: SeenPage): void {
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  const policy = headers.get('content-security-policy') ?? ''
  expect(policy).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']+'; form-action '(?:none|self)'/,
  )
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toContain('script-src')
  expect(body).not.toMatch(/<script|<[^>]*(?:javascript:| on\w+=)/i)
}

describe('the page that sign-ins come back to', () => {
  it('says so when they are of none that was begun here, and repeats nothing', async () => {
    const visitor = openVisitor()
    const planted = '%3Cscript%3Ealert(1)%3C/script%3E'
    const unknown = 'No sign-in of this connection is waiting for that'
    const unreadable = 'That is no authorization code, and no address with one'
    for (const [query, status, heading] of [
      ['', 400, unreadable],
      [`?code=${planted}`, 404, unknown],
      [`?code=${planted}&state=${planted}`, 404, unknown],
      ['?code=a&code=b&state=c', 400, unreadable],
      [`?error=${planted}&error_description=${planted}&state=foreign`, 404, unknown],
      ['?redirect_uri=https://evil.example&state=x', 400, unreadable],
    ] as const) {
      const page = await visitor.open(`${service.url}/consent/callback${query}`)
      expect(page.status).toBe(status)
      expect(page.heading).toBe(heading)
      requireSafe(page)
      expect(page.body).not.toContain('alert(1)')
      expect(page.url.searchParams.has('code')).toBe(false)
    }
    expect(service.log()).not.toContain('alert')
  })

  it('leaves an address with a code also where nothing comes of it, and tells why in words of ours alone', async () => {
    const page = await openVisitor().open(`${service.url}/consent/callback?code=stray&state=none`)
    expect(page.hops).toEqual([page.url.href])
    expect(page.url.href).toMatch(/\/consent\/refused\?seen=[\w-]+$/)
    expect(page.url.href).not.toContain('stray')
    expect(page.text).toContain('of no sign-in that was begun here')
    for (const query of ['', '?seen=', '?seen=x', `${page.url.search.slice(0, -8)}AAAAAAAA`]) {
      const forged = await openVisitor().open(`${service.url}/consent/refused${query}`)
      expect([forged.status, forged.heading]).toEqual([403, 'This is shown in another browser'])
      requireSafe(forged)
    }
  })

  it('finishes a sign-in in the browser that began it, with no code left in the address', async () => {
    const released = Promise.withResolvers<void>()
    held = released.promise
    const { id, address, visitor } = await begin()
    const page = await visitor.open(address)
    expect(page.url.href).toBe(`${service.url}/consent/done/${id}`)
    expect(page.heading).toBe('Consent was granted')
    expect(page.text).toContain('Nothing has to be sent back')
    expect(page.body).toMatch(/http-equiv="refresh"\s+content="2"/)
    requireSafe(page)
    const led = page.hops.find((hop) => hop.includes('/consent/callback?')) ?? ''
    // Loaded again while it runs: nothing is spent twice.
    const reloaded = await visitor.open(led)
    expect(reloaded.url.href).toBe(page.url.href)
    const verified = service.event('consent.verified')
    released.resolve()
    await verified
    const done = await told(visitor, id)
    expect(done.heading).toBe('The new grant is active')
    expect(done.text).toContain('Partner Center answers: passed')
    expect(done.text).toContain('You can close this window')
    expect((await visitor.open(led)).heading).toBe('The new grant is active')
    expect(await client.consents.show({ consent: id })).toMatchObject({ state: 'active' })
    const { searchParams } = new URL(led)
    for (const name of ['code', 'state']) {
      expect(service.log()).not.toContain(searchParams.get(name) ?? 'none')
      expect(done.body + page.body).not.toContain(searchParams.get(name) ?? 'none')
    }
    const requests = service.world.simulator.control.tokenRequests()
    expect(requests.filter(({ grantType }) => grantType === 'authorization_code')).toHaveLength(1)
  })

  it('finishes it at whichever process of the store the browser comes back to', async () => {
    const { id, address, visitor } = await begin()
    const other = await startServing({
      configPath: service.world.configPath,
      env: {},
      listen: { host: '127.0.0.1', port: 0 },
      keepAlive: false,
      logTo: { write: () => {} },
    })
    try {
      const led = new URL(await openAddress(address, `${service.url}/consent/callback`))
      led.port = new URL(other.url).port
      const verified = Promise.withResolvers<void>()
      other.composition.events.on(({ type }) => {
        if (type === 'consent.verified') verified.resolve()
      })
      await visitor.open(led)
      await verified.promise
      const { state, rungs } = await client.consents.show({ consent: id })
      expect(state).toBe('active')
      expect(rungs.length).toBeGreaterThan(5)
      expect((await told(visitor, id)).heading).toBe('The new grant is active')
    } finally {
      await other.close(0)
    }
  })

  it('tells another browser nothing of what became of it', async () => {
    const { id, address, visitor } = await begin()
    await visitor.open(address)
    const stranger = await openVisitor().open(`${service.url}/consent/done/${id}`)
    expect(stranger.status).toBe(403)
    expect(stranger.text).not.toContain('csp')
    requireSafe(stranger)
    const unknown = await openVisitor().open(`${service.url}/consent/done/cns_unknown`)
    expect(unknown.body).toBe(stranger.body)
  })

  it('shows the precise reason, with steps and who must act, when a proof fails', async () => {
    const effect = { kind: 'status', status: 401, body: { code: 900421 } } as const
    service.world.simulator.control.addFault({ match: { kind: 'partner' }, effect })
    const failed = service.event('consent.failed')
    const { id, address, visitor } = await begin()
    await visitor.open(address)
    await failed
    const page = await told(visitor, id)
    expect(page.text).toContain('900421')
    expect(page.text).toContain('What to do')
    expect(page.text).toMatch(/has to do this|do this yourself/)
    expect(page.text).toContain('What served before serves on')
    requireSafe(page)
  })

  it('shows the provider’s no, without trusting a word of it', async () => {
    const { id, address, visitor } = await begin()
    const state = new URL(address).searchParams.get('state') ?? ''
    const no = new URLSearchParams({
      error: 'access_denied',
      error_description: 'AADSTS65004: <img src=x onerror=alert(1)> declined',
      state,
    })
    const page = await visitor.open(`${service.url}/consent/callback?${no.toString()}`)
    expect(page.url.href).toBe(`${service.url}/consent/done/${id}`)
    expect(page.heading).toBe('Consent was declined')
    expect(page.body).not.toContain('<img')
    requireSafe(page)
    expect(await client.consents.show({ consent: id })).toMatchObject({
      state: 'failed',
      failure: { code: 'consent_denied' },
    })
    // And in a browser of somebody who was sent the address.
    const manual = await begin({ manual: true })
    no.set('state', new URL(manual.address).searchParams.get('state') ?? '')
    const other = await openVisitor().open(`${service.url}/consent/callback?${no.toString()}`)
    expect(other).toMatchObject({ status: 403, heading: page.heading })
    expect(other.body).not.toContain('<img')
    requireSafe(other)
  })

  it('takes no code of another session: the verifier does not fit', async () => {
    const mine = await begin()
    const attacker = await begin()
    // The attacker’s own sign-in, whose code is put into the victim’s return.
    const led = new URL(await openAddress(attacker.address, `${service.url}/consent/callback`))
    const code = led.searchParams.get('code') ?? ''
    const again = await begin()
    const state = new URL(again.address).searchParams.get('state') ?? ''
    const failed = service.event('consent.failed')
    await again.visitor.open(
      `${service.url}/consent/callback?${new URLSearchParams({ code, state }).toString()}`,
    )
    await failed
    expect(await client.consents.show({ consent: again.id })).toMatchObject({ state: 'failed' })
    expect((await client.consents.show({ consent: mine.id })).state).toBe('cancelled')
  })

  it('does not finish in this browser what another one began (login CSRF)', async () => {
    const attacker = await begin()
    const led = await openAddress(attacker.address, `${service.url}/consent/callback`)
    const page = await openVisitor().open(led)
    expect(page.heading).toBe('Hand this code on')
    expect(service.world.simulator.control.tokenRequests()).toEqual([])
    expect(await client.consents.show({ consent: attacker.id })).toMatchObject({ state: 'created' })
  })
})

describe('a sign-in by somebody else, manually', () => {
  it('shows a sealed code with its deadline, and the raw one nowhere', async () => {
    const { id, address } = await begin({ manual: true })
    const other = openVisitor()
    const page = await other.open(address)
    expect(page).toMatchObject({ status: 200, heading: 'Hand this code on' })
    requireSafe(page)
    const { consent } = { consent: await client.consents.show({ consent: id }) }
    expect(page.text).toContain(`give this code to ${consent.started_by}`)
    expect(page.text).toContain(service.world.simulator.client.id)
    expect(page.text).toContain(service.world.simulator.tenant)
    expect(page.text).toMatch(/by \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/)
    expect(page.text).toContain('Give it to nobody else')
    const raw = page.url.searchParams.get('code') ?? ''
    expect(raw.length).toBeGreaterThan(20)
    expect(page.body).not.toContain(raw)
    const sealed = /egx_[\w-]+/.exec(page.body)?.[0] ?? ''
    // Nothing was redeemed by looking at it.
    expect(service.world.simulator.control.tokenRequests()).toEqual([])
    expect(consent.state).toBe('created')

    const { consent: done } = await client.consents.complete({ ...csp, pasted: ` ${sealed}\n` })
    expect(done).toMatchObject({ id, state: 'active', account: { user_name: people.admin } })
    for (const secret of [raw, sealed]) expect(service.log()).not.toContain(secret)
  })

  it('opens sealed codes for their own session alone, and only whole', async () => {
    const { address } = await begin({ manual: true })
    const page = await openVisitor().open(address)
    const sealed = /egx_[\w-]+/.exec(page.body)?.[0] ?? ''
    const other = sealed.replace(/^egx_./, (start) => (start === 'egx_0' ? 'egx_1' : 'egx_0'))
    for (const forged of [sealed.slice(0, -4), `${sealed.slice(0, -4)}AAAA`, other]) {
      await expect(client.consents.complete({ ...csp, pasted: forged })).rejects.toMatchObject({
        code: 'consent_unreadable',
      })
    }
    expect((await client.consents.complete({ ...csp, pasted: sealed })).consent.state).toBe(
      'active',
    )
  })

  it('takes the raw code and the whole address as well', async () => {
    const first = await begin({ manual: true })
    const page = await openVisitor().open(first.address)
    const byUrl = await client.consents.complete({ ...csp, pasted: page.url.href })
    expect(byUrl.consent.state).toBe('active')
    const second = await begin({ manual: true })
    const raw = (await openVisitor().open(second.address)).url.searchParams.get('code') ?? ''
    expect((await client.consents.complete({ ...csp, pasted: raw })).consent.state).toBe('active')
  })

  it('says so once the sign-in was given up', async () => {
    const first = await begin({ manual: true })
    const led = await openAddress(first.address, `${service.url}/consent/callback`)
    await begin({ manual: true })
    const page = await openVisitor().open(led)
    expect(page).toMatchObject({ status: 409, heading: 'This sign-in was given up' })
    requireSafe(page)
  })
})
