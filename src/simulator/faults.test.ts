import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callGraph } from '../../test/support/graph-caller.ts'
import { startSimulator, type Fault, type FaultEffect, type Simulator } from './index.ts'

let simulator: Simulator
let bearer: string
beforeAll(async () => {
  simulator = await startSimulator({
    tenants: [{ id: '11111111-2222-4333-8444-555555555555', users: 3_000 }],
  })
})
afterAll(() => simulator.close())
beforeEach(async () => {
  simulator.control.reset()
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: simulator.client.id,
    client_secret: simulator.client.secret,
    scope: 'https://graph.microsoft.com/.default',
  })
  const url = `${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`
  const answer = (await (await fetch(url, { method: 'POST', body })).json()) as {
    access_token: string
  }
  bearer = answer.access_token
})

const users = '/v1.0/users?$top=999&$select=id,displayName'

function ask(path = users, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const url = path.startsWith('http') ? path : `${simulator.urls.graph}${path}`
  return fetch(url, { headers: { authorization: `Bearer ${bearer}`, ...headers } })
}

async function page(path = users): Promise<{ value: unknown[]; '@odata.nextLink'?: string }> {
  return (await (await ask(path)).json()) as { value: unknown[]; '@odata.nextLink'?: string }
}

test.each([
  [{ effect: { kind: 'explode' } }, 'effect.kind'],
  [{}, 'effect.kind'],
  [{ match: { nth: 0 }, effect: { kind: 'reset' } }, 'match.nth'],
  [{ match: { every: 0.5 }, effect: { kind: 'reset' } }, 'match.every'],
  [{ effect: { kind: 'status', status: 99 } }, 'effect.status'],
])('the fault %j is refused, naming %s', (fault, field) => {
  expect(() => simulator.control.addFault(fault as Fault)).toThrow(`"${field}"`)
})

test('a reset connection gives no answer, once, and counts', async () => {
  const fault = simulator.control.addFault({ effect: { kind: 'reset' } })
  await expect(ask()).rejects.toThrow('fetch failed')
  expect((await ask()).status).toBe(200)
  expect(fault.state()).toMatchObject({ matched: 2, applied: 1 })
  expect(simulator.stats()).toMatchObject({ faultsApplied: 1, requestsByStatus: { reset: 1 } })
})

test.each(['chunked', 'full_length'] as const)(
  'a body truncated under %s framing ends in an error',
  async (framing) => {
    simulator.control.addFault({ effect: { kind: 'truncate', framing } })
    const response = await ask(users, { 'accept-encoding': 'identity' })
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow('terminated')
  },
)

test('a body cut with matching length is only noticed as broken JSON', async () => {
  simulator.control.addFault({ effect: { kind: 'truncate', framing: 'cut_length' } })
  const text = await (await ask(users, { 'accept-encoding': 'identity' })).text()
  expect(text).toContain('"value":[')
  expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError)
})

test.each<[FaultEffect, number, string, string]>([
  [{ kind: 'status', status: 503, retryAfter: 7 }, 503, 'application/json', 'Service_Unavailable'],
  [{ kind: 'status', status: 504 }, 504, 'application/json', '"UnknownError","message":""'],
  [{ kind: 'status', status: 500 }, 500, 'application/json', 'InternalServerError'],
  [{ kind: 'status', status: 502 }, 502, 'application/json', 'BadGateway'],
  [{ kind: 'status', status: 429 }, 429, 'application/json', 'aadgraph.app.tenant_large'],
  [
    { kind: 'status', status: 401, code: 'Authentication_ExpiredToken' },
    401,
    'application/json',
    'Authentication_ExpiredToken',
  ],
  [{ kind: 'status', status: 503, body: 'busy' }, 503, 'text/plain', 'busy'],
  [{ kind: 'status', status: 400, body: { a: 1 } }, 400, 'application/json', '{"a":1}'],
  [{ kind: 'html' }, 200, 'text/html; charset=utf-8', '<html>'],
  [{ kind: 'garbage' }, 200, 'application/json', '{"'],
  [{ kind: 'text429', retryAfter: 3 }, 429, 'text/plain', 'Too Many Requests'],
  [
    { kind: 'ok_with_error_body' },
    200,
    'application/json',
    '"error":{"code":"InvalidAuthenticationToken"',
  ],
])('%j answers %i', async (effect, status, type, piece) => {
  simulator.control.addFault({ match: { kind: 'users' }, effect })
  const response = await ask()
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toBe(type)
  expect(await response.text()).toContain(piece)
  const retryAfter = 'retryAfter' in effect ? String(effect.retryAfter) : null
  expect(response.headers.get('retry-after')).toBe(retryAfter)
})

test('a penalty begins anew for who calls too early', async () => {
  const effect = { kind: 'status', status: 429, retryAfter: 10, penalty: true } as const
  simulator.control.addFault({ effect })
  expect((await ask()).status).toBe(429)
  simulator.control.advanceClock(9_000)
  expect((await ask()).headers.get('retry-after')).toBe('10')
  simulator.control.advanceClock(10_000)
  expect((await ask()).status).toBe(200)
})

test('an empty page owes its rows to the next one', async () => {
  simulator.control.addFault({ match: { nth: 2 }, effect: { kind: 'empty_page' } })
  const rows: unknown[] = []
  let next: string | undefined = users
  let pages = 0
  while (next !== undefined) {
    const { value, '@odata.nextLink': link }: Awaited<ReturnType<typeof page>> = await page(next)
    rows.push(...value)
    next = link
    pages++
  }
  expect(pages).toBe(5)
  expect(rows).toEqual([...simulator.users(undefined, ['id', 'displayName'])])
})

test('endless empty pages never end, and their links differ', async () => {
  simulator.control.addFault({ effect: { kind: 'endless_empty' } })
  const links = new Set<string>()
  let next = users
  for (let i = 0; i < 5; i++) {
    const { value, '@odata.nextLink': link = '' } = await page(next)
    expect(value).toEqual([])
    links.add(link)
    next = link
    simulator.control.advanceClock(1)
  }
  expect(links.size).toBe(5)
})

test('a repeated nextLink is the URL it was asked under', async () => {
  simulator.control.addFault({ match: { nth: 2 }, effect: { kind: 'repeat_next_link' } })
  const { '@odata.nextLink': second = '' } = await page()
  expect((await page(second))['@odata.nextLink']).toBe(second)
})

test('a foreign nextLink leads elsewhere', async () => {
  simulator.control.addFault({ effect: { kind: 'foreign_next_link' } })
  expect((await page())['@odata.nextLink']).toMatch(
    /^https:\/\/graph\.example\.net\/v1\.0\/users\?/,
  )
})

test('a fault that shapes pages waits for a request that gets one', async () => {
  const fault = simulator.control.addFault({ effect: { kind: 'empty_page' } })
  simulator.control.expireTokens()
  expect((await ask()).status).toBe(401)
  expect(fault.state()).toMatchObject({ matched: 1, applied: 0 })
})

test('matching goes by kind, path, nth, every and times', async () => {
  const script = simulator.control
  const effect = { kind: 'status', status: 500 } as const
  script.addFault({ match: { kind: 'token' }, effect })
  script.addFault({ match: { path: '/v1.0/users/nobody' }, effect })
  const fault = script.addFault({ match: { path: /top=999/, nth: 2, every: 2, times: 2 }, effect })
  const statuses: number[] = []
  for (let i = 0; i < 8; i++) statuses.push((await ask()).status)
  expect(statuses).toEqual([200, 500, 200, 500, 200, 200, 200, 200])
  expect(fault.state()).toMatchObject({ matched: 8, applied: 2 })
})

test('an outage ends by the clock, or when told', async () => {
  simulator.control.outage(600_000)
  expect((await ask()).status).toBe(503)
  simulator.control.advanceClock(600_000)
  expect((await ask()).status).toBe(200)
  simulator.control.outage(true, 'refused')
  await expect(ask()).rejects.toThrow('fetch failed')
  simulator.control.outage(false)
  expect((await ask()).status).toBe(200)
})

test('a silence and a slow answer end rightly', async () => {
  simulator.control.addFault({ effect: { kind: 'hang', ms: 20 } })
  simulator.control.addFault({ match: { nth: 2 }, effect: { kind: 'slow', ms: 20 } })
  expect(await page()).toHaveProperty('value.length', 999)
  expect(await page()).toHaveProperty('value.length', 999)
  expect(simulator.stats().faultsApplied).toBe(2)
})

async function order(operation: string, body: unknown, headers = {}): Promise<Response> {
  const url = `${simulator.urls.http}/_control/${operation}`
  return fetch(url, { method: 'POST', body: JSON.stringify(body), headers })
}

test('the control API hears neither web pages nor nonsense', async () => {
  expect((await order('reset', {}, { origin: 'https://evil.example' })).status).toBe(403)
  expect((await order('explode', {})).status).toBe(404)
  expect((await order('__proto__', {})).status).toBe(404)
  expect((await order('advance-clock', { ms: 'soon' })).status).toBe(400)
  expect((await order('set-user-count', {})).status).toBe(400)
  const url = `${simulator.urls.http}/_control/reset`
  expect((await fetch(url, { method: 'POST', body: '{' })).status).toBe(400)
})

test('the control API does what the control object does', async () => {
  const fault = { match: { kind: 'users', path: { pattern: 'top=9+' } }, effect: { kind: 'html' } }
  expect(await (await order('add-fault', fault)).json()).toEqual({ id: 'fault-1' })
  expect((await ask()).headers.get('content-type')).toContain('text/html')
  await order('set-user-count', { users: 5 })
  expect((await page()).value).toHaveLength(5)
  await order('advance-clock', { ms: 3_700_000 })
  expect((await ask()).status).toBe(401)
  const stats = await fetch(`${simulator.urls.http}/_control/stats`)
  expect(await stats.json()).toMatchObject({ faultsApplied: 1, clockOffsetMs: 3_700_000 })
  await order('reset', {})
  expect((await page()).value).toHaveLength(999)
})

test('throttling answers 429 with its headers', async () => {
  await using throttled = await startSimulator({ throttle: { burstUnits: 0, size: 'M' } })
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: throttled.client.id,
    client_secret: throttled.client.secret,
    scope: 'https://graph.microsoft.com/.default',
  })
  const url = `${throttled.urls.authority}/${throttled.tenant}/oauth2/v2.0/token`
  const issued = (await (await fetch(url, { method: 'POST', body })).json()) as {
    access_token: string
  }
  const authorization = `Bearer ${issued.access_token}`
  const response = await fetch(`${throttled.urls.graph}/v1.0/users`, { headers: { authorization } })
  expect(response.status).toBe(429)
  expect(response.headers.get('x-ms-throttle-information')).toBe('ResourceUnitLimitExceeded')
  expect(response.headers.get('x-ms-throttle-scope')).toContain('Tenant_Application/Read/')
  expect(await response.text()).toContain('aadgraph.app.tenant_medium')
})

test('load makes answers slow, and tells where asked to, before anything is refused', async () => {
  const clock = { now: 0, slept: [] as number[] }
  await using loaded = await startSimulator({
    tenants: [{ id: simulator.tenant, users: 3 }],
    clock: {
      now: () => clock.now,
      monotonic: () => clock.now,
      sleep: (ms) => {
        clock.slept.push(ms)
        return Promise.resolve()
      },
      schedule: () => () => undefined,
    },
    throttle: {
      burstUnits: 10,
      unitsPerSecond: 1,
      latencyUnderLoadMs: [100, 1_100],
      tellsShare: true,
    },
  })
  const shares: (string | null)[] = []
  for (let i = 0; i < 11; i++) {
    const { headers, status } = await callGraph(loaded, '/users?$select=id')
    shares.push(`${status} ${headers.get('x-ms-throttle-limit-percentage')}`)
  }
  expect(clock.slept).toEqual([200, 300, 400, 500, 600, 700, 800, 900, 1_000, 1_100, 1_100])
  expect(shares.slice(6)).toEqual(['200 null', '200 0.80', '200 0.90', '200 1.00', '429 1.10'])
})

test('cached pages are the same pages, and a changed tenant forgets them', async () => {
  await using cached = await startSimulator({ cachePages: true })
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: cached.client.id,
    client_secret: cached.client.secret,
    scope: 'https://graph.microsoft.com/.default',
  })
  const url = `${cached.urls.authority}/${cached.tenant}/oauth2/v2.0/token`
  const issued = (await (await fetch(url, { method: 'POST', body })).json()) as {
    access_token: string
  }
  const headers = { authorization: `Bearer ${issued.access_token}` }
  const read = async (): Promise<string> =>
    (await fetch(`${cached.urls.graph}${users}`, { headers })).text()
  const first = await read()
  expect(await read()).toBe(first)
  cached.control.setUserCount(1)
  expect((JSON.parse(await read()) as { value: unknown[] }).value).toHaveLength(1)
  expect(cached.stats().pagesServed).toBe(3)
})
