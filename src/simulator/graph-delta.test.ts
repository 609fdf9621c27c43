import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { bearerOf, callGraph, type GraphReply } from '../../test/support/graph-caller.ts'
import { startSimulator, type DeltaReset, type Simulator } from './index.ts'

const users = 950
const day = 86_400_000
let simulator: Simulator
beforeAll(async () => {
  const tenants = [{ id: '11111111-2222-4333-8444-555555555555', users }]
  simulator = await startSimulator({ tenants })
})
beforeEach(() => {
  simulator.control.reset()
  simulator.control.setPermissions(['Directory.Read.All'])
})
afterAll(() => simulator.close())

type Row = Readonly<Record<string, unknown>>
interface Round {
  readonly rows: readonly Row[]
  readonly pages: number
  readonly deltaLink: string
}

async function follow(
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Round> {
  const rows: Row[] = []
  let pages = 0
  const bearer = await bearerOf(simulator)
  for (let next = path; ; pages++) {
    const { body, status, text }: GraphReply = await callGraph(simulator, next, { headers, bearer })
    if (status !== 200) throw new Error(text)
    rows.push(...body.value)
    const deltaLink = body['@odata.deltaLink']
    if (typeof deltaLink === 'string') return { rows, pages: pages + 1, deltaLink }
    next = String(body['@odata.nextLink'])
  }
}

const columns = 'id,userPrincipalName,displayName,department'
const first = `/users/delta?$select=${columns}`
const latest = async (): Promise<string> => (await follow(`${first}&$deltatoken=latest`)).deltaLink
const someone = (place: number): string =>
  String([...simulator.users(undefined, ['id'])][place]?.['id'])

test.each([
  ['/users/delta?$expand=manager', 'Request_UnsupportedQuery'],
  ['/users/delta?$orderby=displayName', 'Request_UnsupportedQuery'],
  ['/users/delta?$deltatoken=a&$skiptoken=b', 'Request_BadRequest'],
  ['/users/delta?$deltatoken=forged', 'Request_BadRequest'],
  ['/users/delta?$select=shoeSize', 'BadRequest'],
  ["/users/delta?$filter=startsWith(displayName,'a')", 'Request_UnsupportedQuery'],
  [
    `/users/delta?$filter=${Array.from({ length: 51 }, (_, i) => `id eq '${i}'`).join(' or ')}`,
    'Request_UnsupportedQuery',
  ],
  ['/unicorns/delta', 'BadRequest'],
])('%s is refused with %s', async (path, code) => {
  expect(await callGraph(simulator, path)).toMatchObject({ status: 400, body: { error: { code } } })
})

test('a token without permission is refused, and options beside a token are', async () => {
  const link = await latest()
  const select = await callGraph(simulator, `${link}&$select=id`)
  expect(select).toMatchObject({ status: 400, body: { error: { code: 'Request_BadRequest' } } })
  const swapped = await callGraph(simulator, link.replace('$deltatoken', '$skiptoken'))
  expect(swapped.status).toBe(400)
  const strange = await callGraph(simulator, link.replace('/users/', '/devices/'))
  expect(strange.status).toBe(400)
  simulator.control.setPermissions(['Group.Read.All'])
  expect((await callGraph(simulator, link)).status).toBe(403)
})

test('a first round is everybody, two hundred a page, without what was never set', async () => {
  const { rows, pages } = await follow(`${first}&$top=999`)
  expect(pages).toBe(5)
  const truth = [...simulator.users(undefined, columns.split(','))]
  const set = (row: Row): Row =>
    Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))
  expect(rows).toEqual(truth.map(set))
  expect(rows.some((row) => !('department' in row))).toBe(true)
  const { headers } = await callGraph(simulator, first)
  expect(headers.get('x-ms-resource-unit')).toBeNull()
})

test('a link from now on tells every kind of change once, both spellings alike', async () => {
  const link = await latest()
  expect(await follow(link)).toMatchObject({ rows: [], pages: 1 })
  const { control } = simulator
  const [changed, cleared, deleted, restored, untold] = [3, 5, 7, 9, 11].map(someone)
  control.deleteUser(restored ?? '')
  control.changeUser(changed ?? '', { userPrincipalName: 'zz@contoso.example' })
  control.changeUser(changed ?? '', { department: 'Sales' })
  control.changeUser(cleared ?? '', { displayName: null })
  control.deleteUser(deleted ?? '')
  control.restoreUser(restored ?? '')
  control.changeUser(untold ?? '', { jobTitle: 'Buyer' })
  const created = control.createUser({ userPrincipalName: 'new@contoso.example' })
  const { rows, deltaLink } = await follow(link.replace('/delta?', '/microsoft.graph.delta()?'))
  expect(rows).toMatchObject([
    { id: restored },
    { id: changed, userPrincipalName: 'zz@contoso.example', department: 'Sales' },
    { id: cleared, displayName: null },
    { id: deleted, '@removed': { reason: 'changed' } },
    { id: created, displayName: 'new' },
  ])
  expect(Object.keys(rows[3] ?? {})).toEqual(['id', '@removed'])
  expect(rows[4]).not.toHaveProperty('department')
  expect((await follow(deltaLink)).rows).toEqual([])
  expect((await follow(link)).rows).toEqual(rows)
  const minimal = await follow(link, { Prefer: 'return=minimal' })
  expect(minimal.rows[2]).toEqual({ id: cleared, displayName: null })
})

test('a first round tells of the deleted too, and a shrunk tenant of those gone for good', async () => {
  const [id, last] = [someone(4), someone(users - 1)]
  simulator.control.deleteUser(id)
  const { rows, deltaLink } = await follow(first)
  expect(rows.at(-1)).toEqual({ id, '@removed': { reason: 'changed' } })
  simulator.control.setUserCount(users - 1)
  expect((await follow(deltaLink)).rows).toEqual([{ id: last, '@removed': { reason: 'deleted' } }])
})

test('changes during a first round come with the link it ends with', async () => {
  const page = await callGraph(simulator, first)
  const id = someone(0)
  simulator.control.changeUser(id, { department: 'Late' })
  const { deltaLink } = await follow(String(page.body['@odata.nextLink']))
  expect((await follow(deltaLink)).rows).toMatchObject([{ id, department: 'Late' }])
})

test('a delta narrowed to objects tells of them alone', async () => {
  const [one, other] = [someone(1), someone(2)]
  const path = `${first}&$filter=id eq '${one}' or id eq '${other.toUpperCase()}'`
  const { rows, deltaLink } = await follow(path)
  expect(rows.map(({ id }) => id)).toEqual([one, other])
  simulator.control.deleteUser(someone(3))
  simulator.control.deleteUser(one)
  expect((await follow(deltaLink)).rows).toMatchObject([{ id: one }])
})

test('rows come again where told, and the round still ends and tells of everybody', async () => {
  simulator.control.setDeltas({ pageSize: 100, repeats: 30 })
  const { rows, pages, deltaLink } = await follow(first)
  const ids = rows.map(({ id }) => id)
  expect(new Set(ids).size).toBe(users)
  expect(ids.length).toBeGreaterThan(users + 300)
  expect(pages).toBeGreaterThan(10)
  simulator.control.deleteUser(someone(0))
  expect((await follow(deltaLink)).rows).toHaveLength(2)
})

test('deltas learn of changes late where told', async () => {
  simulator.control.setDeltas({ lagMs: 60_000 })
  const link = await latest()
  const id = someone(0)
  simulator.control.deleteUser(id)
  const early = await follow(link)
  expect(early.rows).toEqual([])
  simulator.control.advanceClock(60_000)
  expect((await follow(early.deltaLink)).rows).toMatchObject([{ id }])
})

test('empty pages in a row come before the rows they owe', async () => {
  const match = { kind: 'delta', times: 15 } as const
  simulator.control.addFault({ match, effect: { kind: 'empty_page' } })
  const { rows, pages } = await follow(first)
  expect([rows.length, pages]).toEqual([users, 20])
})

test('a link older than seven days is expired, a younger one is not', async () => {
  const link = await latest()
  simulator.control.advanceClock(6 * day)
  expect((await callGraph(simulator, link)).status).toBe(200)
  simulator.control.advanceClock(1.1 * day)
  const { status, body } = await callGraph(simulator, link)
  expect([status, body.error?.code]).toEqual([400, 'syncStateNotFound'])
  expect(body.error?.message).toMatch(
    /The delta token is expired and data must be synchronized again\.$/,
  )
})

test('an unfinished round is refused after thirty days, and its page token by hand', async () => {
  const next = String((await callGraph(simulator, first)).body['@odata.nextLink'])
  simulator.control.expirePageTokens()
  expect((await callGraph(simulator, next)).body.error?.code).toBe('Directory_ExpiredPageToken')
  const other = String((await callGraph(simulator, first)).body['@odata.nextLink'])
  simulator.control.advanceClock(31 * day)
  expect((await callGraph(simulator, other)).body.error?.message).toBe(
    'Sync must reach steady state within 30 days.',
  )
})

test.each<[DeltaReset, number, string, boolean]>([
  ['gone', 410, 'resyncRequired', false],
  ['gone_with_location', 410, 'resyncRequired', true],
  ['sync_state_not_found', 400, 'syncStateNotFound', false],
  ['steady_state', 400, 'Request_BadRequest', false],
])('a reset in the style %s refuses links of before, and none of after', async (style, ...rest) => {
  const [status, code, hasLocation] = rest
  const link = await latest()
  const next = String((await callGraph(simulator, first)).body['@odata.nextLink'])
  simulator.control.resetDeltas({ style })
  for (const old of [link, next]) {
    const answer = await callGraph(simulator, old)
    expect(answer).toMatchObject({ status, body: { error: { code } } })
    expect(answer.headers.has('location')).toBe(hasLocation)
  }
  expect((await callGraph(simulator, await latest())).status).toBe(200)
})

test('the Location of a reset begins anew, with the columns of before', async () => {
  const link = await latest()
  simulator.control.resetDeltas()
  const location = (await callGraph(simulator, link)).headers.get('location') ?? ''
  expect(location).toMatch(/\/users\/delta\?\$select=.*&\$deltatoken=$/)
  const { rows } = await follow(location)
  expect(rows).toHaveLength(users)
  expect(Object.keys(rows[0] ?? {})).not.toContain('mail')
  expect(() => simulator.control.resetDeltas({ style: 'never' as DeltaReset })).toThrow('"style"')
  expect(() => simulator.control.setDeltas({ pageSize: 0 })).toThrow('"delta.pageSize"')
})

test.each([
  ['devices', 'devices'],
  ['servicePrincipals', 'servicePrincipals'],
  ['directory/administrativeUnits', 'administrativeUnits'],
  ['directoryRoles', 'directoryRoles'],
] as const)('a first round of /%s/delta is the whole collection', async (path, truth) => {
  const { rows, deltaLink } = await follow(`/${path}/delta?$select=displayName`)
  const named = [...simulator[truth](undefined, ['displayName', 'id'])]
  expect(rows).toEqual(named)
  expect((await follow(deltaLink)).rows).toEqual([])
})

test('devices come and go', async () => {
  const { deltaLink } = await follow('/devices/delta?$select=displayName&$deltatoken=latest')
  simulator.control.setDeviceCount(202)
  const { rows, deltaLink: next } = await follow(deltaLink)
  expect(rows).toHaveLength(2)
  simulator.control.setDeviceCount(201)
  const removed = { id: rows[1]?.['id'], '@removed': { reason: 'deleted' } }
  expect((await follow(next)).rows).toEqual([removed])
})

test('resets and lateness come over HTTP as well', async () => {
  const order = async (operation: string, body: unknown): Promise<number> => {
    const url = `${simulator.urls.http}/_control/${operation}`
    return (await fetch(url, { method: 'POST', body: JSON.stringify(body) })).status
  }
  const link = await latest()
  expect(await order('reset-deltas', { style: 'gone' })).toBe(200)
  expect((await callGraph(simulator, link)).status).toBe(410)
  expect(await order('set-deltas', { pageSize: 10 })).toBe(200)
  expect((await callGraph(simulator, first)).body.value).toHaveLength(10)
})
