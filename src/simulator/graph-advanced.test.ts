import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callGraph, eventual, walkGraph } from '../../test/support/graph-caller.ts'
import { startSimulator, type Simulator } from './index.ts'

const b2c = '22222222-2222-4333-8444-555555555555'
const lagging = '33333333-2222-4333-8444-555555555555'
const applications = [
  {
    id: '2f0c0000-1111-4222-8333-444444444444',
    secrets: [{ value: 'simulated~not.a.real.secret' }],
  },
]
let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({
    tenants: [
      { id: '11111111-2222-4333-8444-555555555555', users: 3_000 },
      { id: b2c, users: 20, advancedQueries: false, applications },
      { id: lagging, users: 400, indexLagMs: 60_000, applications },
    ],
  })
})
beforeEach(() => simulator.control.reset())
afterAll(() => simulator.close())

const clauses = (n: number): string =>
  Array.from({ length: n }, (_, i) => `startsWith(userPrincipalName,'x${i}')`).join(' or ')
const filtered = (filter: string): string =>
  `/users?$count=true&$select=id,userPrincipalName&$top=50&$filter=${encodeURIComponent(filter)}`

test('an advanced query whose URL is longer than 2,048 characters is refused', async () => {
  const long = filtered(`not(startsWith(userPrincipalName,'${'x'.repeat(2_000)}'))`)
  const refusal = { status: 400, body: { error: { code: 'Request_BadRequest' } } }
  expect(await callGraph(simulator, long, { headers: eventual })).toMatchObject(refusal)
  const short = filtered(`startsWith(userPrincipalName,'${'x'.repeat(1_500)}')`)
  expect((await callGraph(simulator, short, { headers: eventual })).status).toBe(200)
})

test('clauses of or are counted in each expression, or over the whole filter', async () => {
  const filter = `startsWith(userPrincipalName,'x') and not(${clauses(15)})`
  expect((await callGraph(simulator, filtered(filter), { headers: eventual })).status).toBe(200)
  await using strict = await startSimulator({
    tenants: [{ id: simulator.tenant, users: 3 }],
    orClausesCounted: 'filter',
  })
  const refused = await callGraph(strict, filtered(filter), { headers: eventual })
  expect(refused.body.error?.message).toContain("'OR' operators: 16. Max allowed: 15.")
  const allowed = filtered(`startsWith(userPrincipalName,'x') and not(${clauses(14)})`)
  expect((await callGraph(strict, allowed, { headers: eventual })).status).toBe(200)
  await using lenient = await startSimulator({
    tenants: [{ id: simulator.tenant, users: 3 }],
    maximumOrClauses: 20,
  })
  const many = filtered(clauses(20))
  expect((await callGraph(lenient, many, { headers: eventual })).status).toBe(200)
})

test.each([
  ['/users/$count', eventual, 'Request_BadRequest'],
  ['/users?$select=id', eventual, 'Request_UnsupportedQuery'],
  ['/users?$count=true', {}, 'Request_UnsupportedQuery'],
  ["/users?$filter=not(startsWith(userPrincipalName,'a'))", {}, 'Request_UnsupportedQuery'],
  ['/groups/$count', eventual, 'Request_BadRequest'],
])('a tenant without advanced queries refuses %s with %j', async (path, headers, code) => {
  const answer = await callGraph(simulator, path, { headers }, b2c)
  expect(answer).toMatchObject({ status: 400, body: { error: { code } } })
})

test('a tenant without advanced queries serves plain ones, filtered by prefix too', async () => {
  const answer = await callGraph(simulator, '/users?$select=id', {}, b2c)
  expect(answer.body.value).toHaveLength(20)
  const path = "/users?$select=id&$filter=startsWith(userPrincipalName,'a')"
  expect((await callGraph(simulator, path, {}, b2c)).status).toBe(200)
})

test('advanced queries see a change once their index has learned it, plain ones at once', async () => {
  const { control } = simulator
  const tenant = { tenant: lagging }
  const select = ['id', 'userPrincipalName']
  const [first, second] = [...simulator.users(lagging, select)].map((row) => String(row['id']))
  control.createUser({ userPrincipalName: 'zz-new@contoso3.example' }, tenant)
  control.changeUser(first ?? '', { userPrincipalName: 'zz-moved@contoso3.example' }, tenant)
  control.deleteUser(second ?? '', tenant)
  const names = async (path: string, headers = {}): Promise<unknown[]> => {
    const { body } = await callGraph(simulator, path, { headers }, lagging)
    return body.value.map((row) => row['userPrincipalName'])
  }
  const plain = "/users?$filter=startsWith(userPrincipalName,'zz-')"
  const count = async (): Promise<string> =>
    (await callGraph(simulator, '/users/$count', { headers: eventual }, lagging)).text
  const moved = ['zz-moved@contoso3.example', 'zz-new@contoso3.example']
  expect(await names(plain)).toEqual(moved)
  expect(await names(`${plain}&$count=true`, eventual)).toEqual([])
  expect(await count()).toBe('400')
  control.createUser({ userPrincipalName: 'zz-third@contoso3.example' }, tenant)
  control.advanceClock(60_000)
  control.deleteUser('zz-third@contoso3.example', tenant)
  expect(await names(`${plain}&$count=true`, eventual)).toEqual([
    ...moved,
    'zz-third@contoso3.example',
  ])
  expect(await count()).toBe('401')
  control.setIndexLag(0, tenant)
  expect(await names(`${plain}&$count=true`, eventual)).toEqual(moved)
  expect(await count()).toBe('400')
})

test('a filtered walk loses and doubles nobody who stays, whatever happens meanwhile', async () => {
  const filter = filtered("startsWith(userPrincipalName,'a')")
  const truth = [...simulator.users(undefined, ['id', 'userPrincipalName'])].filter((row) =>
    String(row['userPrincipalName']).startsWith('a'),
  )
  const first = await callGraph(simulator, filter, { headers: eventual })
  const seen = first.body.value.map((row) => String(row['id']))
  expect(first.body['@odata.count']).toBe(truth.length)
  const [gone = '', renamed = '', ...stayed] = truth.slice(50).map((row) => String(row['id']))
  simulator.control.deleteUser(gone)
  simulator.control.deleteUser(seen[0] ?? '')
  simulator.control.changeUser(renamed, { userPrincipalName: 'zz@contoso.example' })
  simulator.control.createUser({ userPrincipalName: 'aa@contoso.example' })
  const next = String(first.body['@odata.nextLink'])
  const { rows } = await walkGraph(simulator, next, { headers: eventual })
  const last = [...simulator.users(undefined, ['id'])].at(-1)
  expect(rows.map((row) => row['id'])).toEqual([...stayed, last?.['id']])
})

test('filtered pages of a cached simulator are the same pages, and change with the tenant', async () => {
  await using cached = await startSimulator({
    tenants: [{ id: simulator.tenant, users: 600 }],
    cachePages: true,
  })
  const filter = filtered(
    "not(startsWith(userPrincipalName,'a') or startsWith(userPrincipalName,'b'))",
  )
  const read = async (): Promise<unknown[]> =>
    (await walkGraph(cached, filter, { headers: eventual })).rows
  const rows = await read()
  expect(await read()).toEqual(rows)
  expect(rows).toEqual(
    [...cached.users(undefined, ['id', 'userPrincipalName'])].filter(
      (row) => !/^[ab]/i.test(String(row['userPrincipalName'])),
    ),
  )
  cached.control.deleteUser((rows[0] as { readonly id: string }).id)
  expect(await read()).toEqual(rows.slice(1))
})

test('filtered groups and devices are looked for anew once some came or went', async () => {
  const { control } = simulator
  control.setPermissions(['Directory.Read.All'])
  const named = async (path: string): Promise<unknown[]> => {
    const { rows } = await walkGraph(simulator, path, { headers: eventual })
    return rows.map((row) => row['id'])
  }
  const truth = (rows: Iterable<Record<string, unknown>>, prefix: string): unknown[] =>
    [...rows]
      .filter((row) => String(row['displayName']).toLowerCase().startsWith(prefix))
      .map((row) => row['id'])
  const columns = ['id', 'displayName']
  const expectAgreement = async (): Promise<void> => {
    const groups = "/groups?$count=true&$top=5&$filter=startsWith(displayName,'s')"
    expect(await named(groups)).toEqual(truth(simulator.groups(undefined, columns), 's'))
    const devices = "/devices?$count=true&$top=50&$filter=not(startsWith(displayName,'b'))"
    expect(await named(devices)).toEqual(truth(simulator.devices(undefined, columns), 'laptop'))
  }
  await expectAgreement()
  const [gone] = truth(simulator.groups(undefined, columns), 's')
  control.deleteGroup(String(gone))
  control.setDeviceCount(150)
  await expectAgreement()
  control.setGroupCount(150)
  await expectAgreement()
  control.reset()
  control.setPermissions(['Directory.Read.All'])
  await expectAgreement()
})
