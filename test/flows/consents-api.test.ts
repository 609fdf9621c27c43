import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import { Secret } from '../../src/kernel/index.ts'
import { compose } from '../../src/server/index.ts'
import { people } from '../support/consent-world.ts'
import { startConsentService, type ConsentService } from '../support/consent-service.ts'
import { openAddress } from '../support/open-address.ts'

let service: ConsentService
let client: Client
/** What the next call to Partner Center waits for. */
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
const problem = async (call: Promise<unknown>): Promise<unknown> =>
  await call.then(
    () => 'none',
    (error: unknown) => (error as { readonly code: string }).code,
  )

/** Begins a sign-in and goes through with it in a browser of somebody else. */
const signIn = async (wish: object = {}): Promise<string> => {
  const { consent, authorization_url: address } = await client.consents.begin({ ...csp, ...wish })
  return await openAddress(address, consent.redirect_uri)
}

describe('a sign-in over the API', () => {
  it('is refused to viewers, for other connections, and where codes must not travel', async () => {
    const viewer = await service.client('viewer')
    expect(await problem(viewer.consents.begin(csp))).toBe('role_missing')
    expect(await problem(viewer.consents.complete({ ...csp, pasted: 'code' }))).toBe('role_missing')
    expect(await problem(viewer.consents.cancel({ consent: 'cns_1' }))).toBe('role_missing')
    expect(await problem(client.consents.begin({ address: 'nobody' }))).toBe('connection_unknown')
    expect(await problem(client.consents.begin({ address: 'app' }))).toBe('usage')
    for (const uri of ['http://evil.example/cb', 'https://a@evil.example/cb', 'nonsense']) {
      expect(await problem(client.consents.begin({ ...csp, redirect_uri: uri }))).toBe('usage')
    }
    expect(await problem(client.consents.show({ consent: 'cns_none' }))).toBe(
      'consent_session_unknown',
    )
    expect((await viewer.consents.list()).items).toEqual([])
  })

  it('says where it leads before the first click, and binds the browser that began it', async () => {
    const key = await service.serving.callerDesk.add({
      name: 'raw',
      role: 'operator',
      connections: [],
    })
    const begin = async (body: object): Promise<Response> =>
      await fetch(`${service.url}/api/v1/connections/csp/consents`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${key.key.reveal()}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(body),
      })
    const bound = await begin({})
    expect(bound.status).toBe(201)
    const { consent } = (await bound.json()) as {
      readonly consent: Readonly<Record<string, unknown>>
    }
    expect(consent).toMatchObject({
      connection: 'csp',
      tenant: service.world.simulator.tenant,
      purpose: 'connect',
      state: 'created',
      redirect_uri: `${service.url}/consent/callback`,
      started_by: 'raw',
      rungs: [],
      failure: null,
    })
    expect(bound.headers.get('set-cookie')).toMatch(
      new RegExp(
        `^evergrant-consent-${String(consent['id'])}=[\\w-]{43}; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax$`,
      ),
    )
    for (const body of [{ manual: true }, { redirect_uri: 'https://elsewhere.example/cb' }]) {
      expect((await begin(body)).headers.get('set-cookie')).toBeNull()
    }
  })

  it('shows each rung while it is tried, live and as it is kept', async () => {
    const released = Promise.withResolvers<void>()
    held = released.promise
    const pasted = await signIn()
    const trying = service.event('consent.rung')
    const completing = client.consents.complete({ ...csp, pasted })
    expect(await trying).toMatchObject({ connection: 'csp', outcome: 'running' })
    const outcomeOf = async (name: string): Promise<string | undefined> => {
      const [newest] = (await client.consents.list({ connection: 'csp' })).items
      return newest?.rungs.find((rung) => rung.name === name)?.outcome
    }
    const tried = (): Promise<string | undefined> => outcomeOf('Partner Center profile')
    await expect.poll(tried, { timeout: 20_000 }).toBe('running')
    const [during] = (await client.consents.list({ state: 'verifying' })).items
    expect(during).toMatchObject({
      state: 'verifying',
      account: { subject: service.world.simulator.account().id, user_name: people.admin },
    })
    expect(during?.rungs.find(({ name }) => name === 'identity')).toMatchObject({
      title: 'The account belongs to the tenant',
      outcome: 'waiting',
      at: null,
    })
    released.resolve()
    const { consent } = await completing
    expect(consent).toMatchObject({ state: 'active', failure: null })
    expect(consent.rungs.every(({ outcome }) => ['passed', 'unverified'].includes(outcome))).toBe(
      true,
    )
    expect(consent.rungs.find(({ name }) => name === 'Partner Center profile')).toMatchObject({
      outcome: 'passed',
      request_ids: [expect.any(String)],
    })
    expect(consent.unverified).toBe(
      consent.rungs.filter(({ outcome }) => outcome === 'unverified').length,
    )
    expect(await client.consents.show({ consent: consent.id })).toEqual(consent)
  })

  it('that fails its trial is an answer, with the rung and its remedy', async () => {
    const effect = { kind: 'status', status: 401, body: { code: 900421 } } as const
    service.world.simulator.control.addFault({ match: { kind: 'partner' }, effect })
    const { consent } = await client.consents.complete({ ...csp, pasted: await signIn() })
    expect(consent).toMatchObject({
      state: 'failed',
      failure: {
        code: 'interaction_required',
        remedy: expect.stringContaining('multi-factor') as string,
      },
    })
    expect(consent.rungs.find(({ outcome }) => outcome === 'failed')).toMatchObject({
      name: 'Partner Center profile',
      code: 'interaction_required',
    })
    expect(consent.rungs.filter(({ outcome }) => outcome === 'waiting')).toEqual([])
  })

  it('of another account fails, unless it was approved when it was begun or is finished', async () => {
    const first = await client.consents.complete({ ...csp, pasted: await signIn() })
    expect(first.consent.state).toBe('active')
    const [, second] = [...service.world.simulator.users(undefined, ['userPrincipalName'])]
    const { userPrincipalName } = second as { readonly userPrincipalName: string }
    service.world.simulator.control.setAutoSignIn(userPrincipalName)
    const refused = await client.consents.complete({ ...csp, pasted: await signIn() })
    expect(refused.consent).toMatchObject({
      purpose: 'reconnect',
      state: 'failed',
      expected_subject: service.world.simulator.account().id,
      account: { user_name: userPrincipalName },
      failure: { code: 'consent_wrong_account' },
    })
    const pasted = await signIn({ approve_account: true })
    const approved = await client.consents.complete({ ...csp, pasted })
    expect(approved.consent).toMatchObject({ state: 'active', approves_account: true })
    service.world.simulator.control.setAutoSignIn(people.admin)
    const back = await signIn()
    const late = await client.consents.complete({ ...csp, pasted: back, approve_account: true })
    expect(late.consent.state).toBe('active')
  })

  it('is refused as a problem when nothing of it was spent', async () => {
    const pasted = await signIn()
    const foreign = pasted.replace(/state=[\w-]+/, 'state=foreign')
    expect(await problem(client.consents.complete({ ...csp, pasted: foreign }))).toBe(
      'consent_unknown',
    )
    expect(await problem(client.consents.complete({ ...csp, pasted: 'two words' }))).toBe(
      'consent_unreadable',
    )
    expect(await problem(client.consents.complete({ ...csp, pasted: 'egx_forged' }))).toBe(
      'consent_unreadable',
    )
    await client.consents.complete({ ...csp, pasted })
    expect(await problem(client.consents.complete({ ...csp, pasted }))).toBe('consent_used')
  })

  it('can be given up while nothing came back of it', async () => {
    const { consent } = await client.consents.begin(csp)
    await client.consents.cancel({ consent: consent.id })
    expect(await client.consents.show({ consent: consent.id })).toMatchObject({
      state: 'cancelled',
    })
    await client.consents.cancel({ consent: consent.id })
    const done = await client.consents.complete({ ...csp, pasted: await signIn() })
    expect(await problem(client.consents.cancel({ consent: done.consent.id }))).toBe('consent_used')
  })

  it('is listed, the newest first, by connection and state', async () => {
    const first = await client.consents.begin(csp)
    const second = await client.consents.begin(csp)
    const page = await client.consents.list({ limit: 1 })
    expect(page.items.map(({ id }) => id)).toEqual([second.consent.id])
    const rest = await client.consents.list({ limit: 1, cursor: page.next ?? '' })
    expect(rest).toMatchObject({
      items: [{ id: first.consent.id, state: 'cancelled' }],
      next: null,
    })
    expect((await client.consents.list({ connection: 'anna' })).items).toEqual([])
  })
})

describe('a sign-in whose process is gone', () => {
  it('has failed, and says what to look at', async () => {
    const { consents } = service.serving.composition.store
    const { consent } = await client.consents.begin(csp)
    await consents.spendConsent(consent.id, 'ins_of-somebody-dead', 1)
    const failed = service.event('consent.failed')
    expect(await client.consents.show({ consent: consent.id })).toMatchObject({
      state: 'failed',
      failure: {
        code: 'consent_interrupted',
        remedy: expect.stringContaining('connections show') as string,
      },
    })
    expect(await failed).toMatchObject({ sessionId: consent.id })
  })

  it('is left alone while its process lives, this one or another', async () => {
    const { composition } = service.serving
    const { configPath } = service.world
    const other = await compose({ configPath, role: 'main' })
    const { consent } = await client.consents.begin(csp)
    await composition.store.consents.spendConsent(consent.id, other.instanceId, 1)
    const stateNow = async (): Promise<string> =>
      (await client.consents.show({ consent: consent.id })).state
    expect(await stateNow()).toBe('code_received')
    await other.close()
    expect(await stateNow()).toBe('failed')
    const { consent: own } = await client.consents.begin(csp)
    await composition.store.consents.spendConsent(own.id, composition.instanceId, 1)
    expect((await client.consents.show({ consent: own.id })).state).toBe('code_received')
  })
})

describe('what is kept and told of a sign-in over the API', () => {
  it('holds neither code nor state', async () => {
    const pasted = await signIn()
    await client.consents.complete({ ...csp, pasted })
    const { searchParams } = new URL(pasted)
    for (const name of ['code', 'state']) {
      const secret = new Secret(searchParams.get(name) ?? '')
      expect(secret.reveal().length).toBeGreaterThan(20)
      expect(service.log()).not.toContain(secret.reveal())
    }
  })
})
