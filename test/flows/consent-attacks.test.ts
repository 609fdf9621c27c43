import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import { Secret } from '../../src/kernel/index.ts'
import { startConsentService, type ConsentService } from '../support/consent-service.ts'
import { makeConsentWorld, people } from '../support/consent-world.ts'
import { openAddress } from '../support/open-address.ts'
import { openVisitor, type PageVisitor, type SeenPage } from '../support/page-visitor.ts'
import { startRealProvider } from '../support/real-provider.ts'

let service: ConsentService
let client: Client
beforeEach(async () => {
  service = await startConsentService()
  client = await service.client('operator')
})
afterEach(() => service.close())

const csp = { address: 'csp' }

/** Opens a link and presses its button; where it leads. */
async function start(url: string, visitor: PageVisitor = openVisitor()): Promise<SeenPage> {
  return await visitor.submit(await visitor.open(url))
}

describe('an account that nobody approved', () => {
  const signInAsAnother = (): string => {
    const { simulator } = service.world
    const [, second] = [...simulator.users(undefined, ['userPrincipalName'])]
    const { userPrincipalName } = second as { readonly userPrincipalName: string }
    simulator.control.setAutoSignIn(userPrincipalName)
    return userPrincipalName
  }

  it('takes no place that was taken after its sign-in was begun', async () => {
    const { link, url } = await client.links.create({ ...csp, recipient: 'Mallory' })
    const mallory = openVisitor()
    const departure = await start(url, mallory)
    const { authorization_url } = await client.consents.begin({ ...csp, manual: true })
    const pasted = await openAddress(authorization_url, `${service.url}/consent/callback`)
    expect((await client.consents.complete({ ...csp, pasted })).consent.state).toBe('active')

    const user_name = signInAsAnother()
    const failed = service.event('consent.failed')
    await mallory.open(departure.refresh ?? '')
    expect(await failed).toMatchObject({ linkId: link.id, code: 'consent_wrong_account' })
    const { consent_id: id } = await client.links.show({ link: link.id })
    expect(await client.consents.show({ consent: id ?? '' })).toMatchObject({
      state: 'failed',
      account: { user_name },
      failure: { code: 'consent_wrong_account' },
    })
    service.world.simulator.control.setAutoSignIn(people.admin)
  })
})

describe('whoever has a link', () => {
  it('begins no more sign-ins by it than somebody needs', async () => {
    const { link, url } = await client.links.create({ ...csp, recipient: 'Mallory' })
    const mallory = openVisitor()
    const page = await mallory.open(url)
    const statuses: number[] = []
    for (let i = 0; i < 14; i++) statuses.push((await mallory.submit(page)).status)
    expect(statuses.slice(0, 10)).toEqual(Array(10).fill(200))
    expect(statuses.slice(10)).toEqual([429, 429, 429, 429])
    expect((await mallory.submit(page)).headers.get('retry-after')).toMatch(/^\d+$/)
    const { items } = await client.consents.list({ limit: 100 })
    expect(items.filter((one) => one.link?.id === link.id)).toHaveLength(10)
    // Others are not held up by it.
    const other = await client.links.create({ ...csp, recipient: 'Anna' })
    expect((await start(other.url)).status).toBe(200)
  })

  it('begins none while one is coming back, however closely it is timed', async () => {
    const { link, url } = await client.links.create({ ...csp, recipient: 'Mallory' })
    const mallory = openVisitor()
    const departure = await start(url, mallory)
    const { consent } = service.serving.composition
    // A form that was let in the moment before the code came: it has read the link as it was.
    const [, secret] = [...mallory.cookies('localhost')].find(([name]) =>
      name.endsWith(link.id),
    ) ?? ['', '']
    const before = await consent.links.find(link.id)
    const verified = service.event('consent.verified')
    await mallory.open(departure.refresh ?? '')
    await verified
    if (before === undefined) throw new Error('there is no such link')
    const late = consent.links.start(before, {
      browser: new Secret(secret),
      redirectUri: `${service.url}/consent/callback`,
    })
    await expect(late).rejects.toMatchObject({ code: 'consent_link_used' })
    expect((await client.links.show({ link: link.id })).state).toBe('active')
  })

  it('has its token logged in no spelling', async () => {
    const { url } = await client.links.create({ ...csp, recipient: 'Anna' })
    const [, secret = ''] = /egl_([\w-]{43})$/.exec(url) ?? []
    const spellings = ['%65gl_', 'e%67l_', 'egl%5F', '%65%67%6C%5f', 'egl%5F%'].map((prefix) =>
      url.replace('egl_', prefix),
    )
    for (const spelling of spellings) await fetch(spelling)
    await fetch(url.replace('/l/egl_', '/l/%65gl_').replace(secret, `%${secret}`))
    await fetch(url.replace('/consent/l/egl_', '/Consent/L/egl%5F'))
    expect(service.log()).toContain('/consent/l/')
    expect(service.log()).not.toContain(secret)
  })
})

describe('an answer whose server names itself in every answer (RFC 9207)', () => {
  it('is of another one, when it does not', async () => {
    const real = await startRealProvider()
    const own = await makeConsentWorld({ real })
    try {
      const led = await own.signIn('anna')
      const stripped = led.replace(/[?&]iss=[^&]+/, '')
      expect(stripped).not.toBe(led)
      const outcome = await own.evergrant('consent complete anna', stripped)
      expect(outcome.note).toContain('"iss"')
      expect(outcome.exit).not.toBe(0)
      // Nothing was spent.
      expect((await own.evergrant('consent complete anna', led)).exit).toBe(0)
    } finally {
      await own.close()
      await real.close()
    }
  })
})

describe('a viewer', () => {
  const keyOf = async (
    role: 'viewer' | 'operator' | 'admin',
  ): Promise<Readonly<Record<string, string>>> => {
    const name = `${role}-${crypto.randomUUID().slice(0, 8)}`
    const { key } = await service.serving.callerDesk.add({ name, role, connections: '*' })
    return { authorization: `Bearer ${key.reveal()}`, 'content-type': 'application/json' }
  }

  it('is told of no customer by events: only operators may list them', async () => {
    const { events, clock, instanceId } = service.serving.composition
    const about = { at: clock.now(), connection: 'csp' }
    const tenant = '22222222-2222-4333-8444-555555555555'
    events.emit({ type: 'consent.customer_changed', ...about, tenant, outcome: 'granted' })
    events.emit({ type: 'consent.admin_returned', ...about, tenant: '', outcome: 'granted' })
    const told = async (role: 'viewer' | 'operator'): Promise<string> => {
      const ending = new AbortController()
      const answer = await fetch(`${service.url}/api/v1/events?last_event_id=${instanceId}:0`, {
        headers: await keyOf(role),
        signal: ending.signal,
      })
      let text = ''
      for await (const chunk of answer.body ?? []) {
        text += Buffer.from(chunk).toString()
        if (text.includes('consent.admin_returned')) break
      }
      ending.abort()
      return text
    }
    expect(await told('operator')).toContain(tenant)
    expect(await told('viewer')).not.toContain(tenant)
  })

  it('reads in the record who did what, but not how it stood what it may not read', async () => {
    const admin = await keyOf('admin')
    const body = JSON.stringify({ name: 'nightly', role: 'operator', connections: ['csp'] })
    const added = await fetch(`${service.url}/api/v1/callers`, {
      method: 'POST',
      headers: admin,
      body,
    })
    expect(added.status).toBe(201)
    const entry = async (role: 'viewer' | 'operator'): Promise<unknown> => {
      const answer = await fetch(`${service.url}/api/v1/audit?action=callers.add`, {
        headers: await keyOf(role),
      })
      return ((await answer.json()) as { readonly items: readonly unknown[] }).items[0]
    }
    expect(await entry('operator')).toMatchObject({
      target: 'nightly',
      after: { connections: ['csp'] },
    })
    expect(await entry('viewer')).toMatchObject({ target: 'nightly', before: null, after: null })
  })
})
