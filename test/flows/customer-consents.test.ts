import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startConsentService, type ConsentService } from '../support/consent-service.ts'
import { customers, people } from '../support/consent-world.ts'

const { fabrikam, tailspin, proseware } = customers

let service: ConsentService
beforeEach(async () => {
  service = await startConsentService(
    {},
    { customers: '{ first: 0 }', graphRequires: '[User.Read]' },
  )
  const { world } = service
  const done = await world.evergrant('consent complete csp --json', await world.signIn())
  if (done.exit !== 0) throw new Error(done.out + done.note)
})
afterEach(() => service.close())

interface Outcome {
  readonly customer: string
  readonly outcome: string
  readonly detail: string
  readonly code: string | null
  readonly remedy: string | null
  readonly request_id: string | null
}
interface Standing {
  readonly id: string
  readonly domain: string
  readonly consent: string
  readonly missing: readonly string[]
  readonly code: string | null
}

const evergrant = (args: string): ReturnType<ConsentService['world']['evergrant']> =>
  service.world.evergrant(`connections customers csp ${args}`)
const act = async (args: string): Promise<readonly Outcome[]> =>
  (await evergrant(`${args} --json`)).json() as readonly Outcome[]
const outcomes = (all: readonly Outcome[]): Readonly<Record<string, string>> =>
  Object.fromEntries(all.map(({ customer, outcome }) => [customer, outcome]))
const list = async (): Promise<Readonly<Record<string, string>>> => {
  const { items } = (await evergrant('--json')).json() as { readonly items: readonly Standing[] }
  return Object.fromEntries(items.map(({ id, consent }) => [id, consent]))
}
const posts = (): number => service.world.simulator.control.stats().requestsByKind['partner'] ?? 0
async function api(
  role: 'viewer' | 'operator',
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly json: Record<string, unknown> }> {
  const name = crypto.randomUUID()
  const { key } = await service.serving.callerDesk.add({ name, role, connections: '*' })
  const answer = await fetch(`${service.url}/api/v1/connections/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${key.reveal()}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> }
}

describe('customers', () => {
  it('are those of a connection that serves them, and nobody else’s', async () => {
    const none = await service.world.evergrant('connections customers app')
    expect(none).toMatchObject({ exit: 2 })
    expect(none.note).toContain('has no customers')
    for (const wrong of [
      '--grant',
      '--all --customer x',
      '--customer x --grant',
      `--customer ${fabrikam} --grant --replace`,
      '--all --withdraw',
      '--limit 101',
    ]) {
      expect([wrong, (await evergrant(wrong)).exit]).toEqual([wrong, 2])
    }
    expect((await api('viewer', 'csp/customers')).status).toBe(403)
    const dry = { customers: [fabrikam], dry_run: true }
    expect((await api('viewer', 'csp/customers/consent', dry)).status).toBe(403)
    for (const body of [
      {},
      { customers: [], dry_run: true },
      { customers: ['x'], dry_run: true },
      { customers: Array.from({ length: 201 }, () => fabrikam), dry_run: true },
      { customers: 'all', dry_run: true, action: 'withdraw' },
    ]) {
      expect((await api('operator', 'csp/customers/consent', body)).status).toBe(400)
    }
  })

  it('are told what would be done, and nothing is written, unless it is asked for', async () => {
    expect(await list()).toEqual({
      [fabrikam]: 'missing',
      [tailspin]: 'missing',
      [proseware]: 'missing',
    })
    const before = posts()
    const dry = await act(`--customer ${fabrikam}`)
    expect(dry).toMatchObject([{ outcome: 'would_grant', code: null }])
    expect(dry[0]?.detail).toContain('Graph User.Read')
    expect(dry[0]?.detail).toContain('Resource Manager user_impersonation')
    expect(posts()).toBe(before)
    expect(await list()).toMatchObject({ [fabrikam]: 'missing' })
  })

  it('consent, each once, and serve at once', async () => {
    const first = await act(`--customer ${fabrikam} --grant`)
    expect(first).toMatchObject([
      { outcome: 'granted', detail: 'a token of its tenant holds everything' },
    ])
    expect(first[0]?.request_id).toMatch(/^[\da-f-]{36}$/)
    expect(outcomes(await act('--all --grant'))).toEqual({
      [fabrikam]: 'already',
      [tailspin]: 'granted',
      [proseware]: 'granted',
    })
    const called = await service.world.evergrant(
      `call csp@${tailspin}:graph GET /v1.0/organization`,
    )
    expect(called.out).toContain(tailspin)
    expect(await list()).toEqual({
      [fabrikam]: 'granted',
      [tailspin]: 'granted',
      [proseware]: 'granted',
    })
    const recorded = await service.serving.composition.store.audit.listEntries({ limit: 100 })
    const actions = recorded.map(({ action, actorKind }) => `${action} ${actorKind}`)
    expect(actions.filter((one) => one === 'customers.consent command')).toHaveLength(2)
    expect(actions.filter((one) => one.startsWith('consent.customer_changed'))).toHaveLength(3)
    expect(await act(`--customer ${tailspin} --withdraw`)).toMatchObject([{ outcome: 'withdrawn' }])
    expect(await act(`--customer ${tailspin} --withdraw`)).toMatchObject([
      { outcome: 'withdrawn', detail: 'there was no consent' },
    ])
    expect(outcomes(await act(`--customer ${tailspin}`))).toEqual({ [tailspin]: 'would_grant' })
  })

  it('that consented to less are told what they lack, and changed only by --replace', async () => {
    const grants = [
      { enterpriseApplicationId: '00000003-0000-0000-c000-000000000000', scope: 'Mail.Read' },
    ]
    const body = {
      applicationId: service.world.simulator.client.id,
      displayName: 'x',
      applicationGrants: grants,
    }
    await service.world.evergrant(
      `call csp:partner POST /v1/customers/${fabrikam}/applicationconsents --data ${JSON.stringify(body)}`,
    )
    const refused = await evergrant(`--customer ${fabrikam} --grant`)
    expect(refused.exit).toBe(3)
    expect(refused.out).toContain('permission entry already, which lacks Graph User.Read')
    expect(refused.out).toContain('--replace')
    expect(await act(`--customer ${fabrikam} --replace`)).toMatchObject([{ outcome: 'granted' }])
  })

  it('fail one by one: a refused relationship, an unknown customer, a policy of its own', async () => {
    const { control } = service.world.simulator
    control.setConsentRefused(true, { tenant: tailspin })
    const unknown = '99999999-2222-4333-8444-555555555555'
    const results = await act(
      `--customer ${tailspin} --customer ${unknown} --customer ${proseware} --grant`,
    )
    expect(outcomes(results)).toEqual({
      [tailspin]: 'failed',
      [unknown]: 'failed',
      [proseware]: 'granted',
    })
    const [byTailspin] = results
    expect(byTailspin?.remedy).toContain('AdminAgents')
    expect(byTailspin?.request_id).toMatch(/^[\da-f-]{36}$/)
    control.setAccount(people.admin, { groups: [] })
    const outside = (await evergrant('--json')).json() as { readonly code: string }
    expect(outside).toMatchObject({ code: 'token_refused' })
    expect((await service.world.evergrant('connections show csp --json')).json()).toMatchObject({
      state: 'valid',
    })
  })

  it('are asked for as slowly as Partner Center wants it', async () => {
    const { control } = service.world.simulator
    control.addFault({
      match: { kind: 'partner', path: /applicationconsents/, times: 2 },
      effect: { kind: 'status', status: 429, retryAfter: 1 },
    })
    expect(outcomes(await act(`--customer ${fabrikam} --grant`))).toEqual({ [fabrikam]: 'granted' })
    control.addFault({
      match: { kind: 'partner', path: /applicationconsents/ },
      effect: { kind: 'status', status: 429, retryAfter: 3_600 },
    })
    const busy = await act(`--customer ${tailspin} --grant`)
    expect(busy).toMatchObject([{ outcome: 'failed', code: 'provider_unavailable' }])
    expect(outcomes(await act(`--customer ${tailspin} --grant`))).toEqual({ [tailspin]: 'granted' })
  })

  it('are the same by API, page by page', async () => {
    const first = await api('operator', 'csp/customers?limit=2')
    expect(first.json['items']).toMatchObject([
      { id: fabrikam, domain: 'fabrikam.example', consent: 'missing' },
      { id: tailspin },
    ])
    const rest = await api('operator', `csp/customers?limit=2&cursor=${String(first.json['next'])}`)
    expect(rest.json).toMatchObject({ items: [{ id: proseware }], next: null })
    const told = service.event('consent.customer_changed')
    const all = { customers: 'all', dry_run: false }
    const done = await api('operator', 'csp/customers/consent', all)
    expect(done.json['results']).toMatchObject([
      { customer: fabrikam, outcome: 'granted' },
      { customer: tailspin, outcome: 'granted' },
      { customer: proseware, outcome: 'granted' },
    ])
    expect(await told).toMatchObject({ connection: 'csp', outcome: 'granted' })
    expect(JSON.stringify(done.json)).not.toMatch(/eyJ/)
  })
})
