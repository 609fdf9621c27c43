import { beforeEach, describe, expect, it } from 'vitest'
import { createEngineFixture, type EngineFixture } from '../../test/support/engine-fixture.ts'
import { issue, refuse, type TokenRequest } from '../../test/support/fake-token-endpoint.ts'
import type { ConnectionDefinition } from '../grants/index.ts'
import { Secret } from '../kernel/index.ts'
import { createEntraProvider } from '../oauth/index.ts'
import { createCustomerDesk, type CustomerDesk, type CustomerOutcome } from './customer-desk.ts'
import type { ConsentEvent } from './events.ts'

const partner = '11111111-2222-3333-4444-555555555555'
const fabrikam = '22222222-2222-4333-8444-555555555555'
const tailspin = '33333333-2222-4333-8444-555555555555'

/** A call to Partner Center as it arrived. */
interface Arrived {
  readonly at: number
  readonly method: string
  readonly path: string
}

let fixture: EngineFixture
let desk: CustomerDesk
let events: ConsentEvent[]
let arrived: Arrived[]
/** Tenants whose token endpoint is down. */
let down: Set<string>
/** What each customer’s tenant grants; none: there is no consent. */
let consents: Map<string, string>
/** Answers a call before Partner Center does. */
let instead: (call: Arrived) => Response | undefined
let listed: readonly unknown[]

function tokens(request: TokenRequest): Response {
  const tenant = new URL(request.url).pathname.split('/')[1] ?? ''
  if (down.has(tenant)) return refuse(503, 'temporarily_unavailable')
  const scope = tenant === partner ? 'User.Read' : consents.get(tenant)
  if (scope === undefined) return refuse(400, 'invalid_grant', 65001)
  return issue(request, 3_600, { scope, refresh_token: `rt-${request.number}` })
}

function partnerCenter(call: Arrived): Response {
  const own = instead(call)
  if (own !== undefined) return own
  const [, customer = ''] = /customers\/([^/]+)\/applicationconsents/.exec(call.path) ?? []
  if (customer === '') return Response.json({ items: listed })
  if (call.method === 'DELETE')
    return new Response(null, { status: consents.delete(customer) ? 204 : 404 })
  if (consents.has(customer)) {
    return Response.json({ description: 'Permission entry already exists' }, { status: 409 })
  }
  consents.set(customer, 'User.Read')
  return Response.json({}, { status: 201 })
}

beforeEach(async () => {
  fixture = createEngineFixture()
  events = []
  arrived = []
  down = new Set()
  consents = new Map()
  instead = () => undefined
  listed = []
  fixture.endpoint.answer = tokens
  const key = { connection: 'csp', tenant: partner, subject: '' }
  const { id } = await fixture.store.addCandidate(key, { secret: new Secret('rt-0') }, 1)
  await fixture.store.activateCandidate(id, 'alex', 1)
  const provider = createEntraProvider({ tenant: partner })
  const graph = { resource: 'https://graph.microsoft.com' }
  const own: Pick<ConnectionDefinition, 'name' | 'grant' | 'target' | 'targets' | 'requires'> = {
    name: 'csp',
    grant: 'authorization_code',
    target: graph,
    targets: new Map([['partner', { resource: 'https://api.partnercenter.microsoft.com' }]]),
    requires: new Map([['resource https://graph.microsoft.com', ['User.Read']]]),
  }
  const engine = fixture.engine({
    ...own,
    provider,
    forCustomer: (tenant) => {
      const other = provider.forTenant?.(tenant)
      if (other === undefined) throw new Error('Entra has tenants')
      const { definition } = engine.connection('csp')
      return { ...definition, provider: other, grantTenant: partner }
    },
  })
  desk = createCustomerDesk({
    engine,
    clock: fixture.clock,
    emit: (event) => events.push(event),
    upstreamUrl: () => 'https://partner.example',
    fetch: async (input, init) => {
      const { pathname } = new URL(input instanceof Request ? input.url : input)
      const call = { at: fixture.clock.monotonic(), method: init?.method ?? 'GET', path: pathname }
      arrived.push(call)
      return partnerCenter(call)
    },
  })
})

/** Moves time on until the work is done. */
async function settle<T>(work: Promise<T>): Promise<T> {
  const progress = { isDone: false }
  const watch = (): void => {
    progress.isDone = true
  }
  work.then(watch, watch)
  for (let i = 0; i < 20_000 && !progress.isDone; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    await fixture.clock.advance(5)
  }
  expect(progress.isDone).toBe(true)
  return await work
}

const act = async (
  action: 'grant' | 'replace' | 'withdraw',
  ...customers: readonly string[]
): Promise<readonly CustomerOutcome[]> =>
  await settle(desk.act('csp', customers, { action, isDryRun: false }))

describe('consent of customers', () => {
  it('is not taken back because nobody could say what it lacks', async () => {
    consents.set(fabrikam, 'User.Read')
    down.add(fabrikam)
    const [outcome] = await act('replace', fabrikam)
    expect(outcome).toMatchObject({ outcome: 'failed', error: { code: 'provider_unavailable' } })
    expect(arrived.filter(({ method }) => method === 'DELETE')).toEqual([])
    expect(consents.has(fabrikam)).toBe(true)
  })

  it('that was taken back and could not be granted anew is told as such', async () => {
    consents.set(fabrikam, 'Mail.Read')
    instead = ({ method }) =>
      method === 'POST' && !consents.has(fabrikam)
        ? Response.json({ code: 1, description: 'no' }, { status: 403 })
        : undefined
    const [outcome] = await act('replace', fabrikam)
    expect(outcome).toMatchObject({ outcome: 'failed', error: { code: 'token_refused' } })
    expect(outcome?.detail).toContain('entry was taken back')
    expect(outcome?.error?.remedy).toMatch(/^Run the same again: .* AdminAgents/)
    expect(events).toMatchObject([
      { type: 'consent.customer_changed', tenant: fabrikam, outcome: 'withdrawn' },
    ])
  })

  it('of one customer is no matter of the others, whatever Partner Center calls it', async () => {
    consents.set(fabrikam, 'User.Read')
    listed = ['', '..', 'not a tenant', fabrikam].map((id) => ({ id }))
    const page = await settle(desk.list('csp', { limit: 10 }))
    expect(page).toMatchObject({
      ok: true,
      value: { customers: [{ id: fabrikam, consent: 'granted' }] },
    })
    const outcomes = await act('grant', 'not a tenant', tailspin)
    expect(outcomes).toMatchObject([
      { outcome: 'failed', error: { code: 'tenant_invalid' } },
      { outcome: 'granted' },
    ])
  })

  it('is asked for by all callers together no faster than Partner Center allows', async () => {
    const pages = Array.from({ length: 100 }, () => desk.page('csp', { limit: 1 }))
    await settle(Promise.all(pages))
    const begun = arrived.map(({ at }) => at)
    const fastest = Math.max(
      ...begun.map((at) => begun.filter((one) => one >= at && one < at + 1_000).length),
    )
    expect(begun).toHaveLength(100)
    expect(fastest).toBeLessThanOrEqual(50)
  })

  it('waits with every call while Partner Center wants to be left alone', async () => {
    let isBusy = true
    instead = () => {
      if (!isBusy) return undefined
      isBusy = false
      return new Response('', { status: 429, headers: { 'retry-after': '10' } })
    }
    await settle(Promise.all(Array.from({ length: 5 }, () => desk.page('csp', { limit: 1 }))))
    const [first = 0, ...rest] = arrived.map(({ at }) => at)
    // Those that were on their way by then are not held back.
    expect(rest.filter((at) => at > first + 30 && at < first + 10_000)).toEqual([])
    expect(rest).toHaveLength(5)
  })

  it('ends its list where Partner Center leads back to where it was', async () => {
    const links = { next: { headers: [{ key: 'MS-ContinuationToken', value: 'again' }] } }
    instead = () => Response.json({ items: [{ id: fabrikam }], links })
    const page = await settle(desk.page('csp', { limit: 1, after: 'again' }))
    expect(page).toMatchObject({ ok: false, error: { code: 'provider_answer_invalid' } })
  })
})
