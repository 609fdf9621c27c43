import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callGraph, eventual, walkGraph } from '../../test/support/graph-caller.ts'
import { startSimulator, type Simulator } from './index.ts'

let simulator: Simulator
let giant: string
beforeAll(async () => {
  simulator = await startSimulator({
    tenants: [
      {
        id: '11111111-2222-4333-8444-555555555555',
        users: 600,
        people: [{ userPrincipalName: "o'mañana#x@contoso.example" }],
        groups: { count: 40, giantSize: 601 },
      },
    ],
  })
  giant = String([...simulator.groups(undefined, ['id'])][0]?.['id'])
})
beforeEach(() => {
  simulator.control.reset()
  const device = [...simulator.devices(undefined, ['id'])].at(-1)
  simulator.control.addMember(giant, String(device?.['id']))
})
afterAll(() => simulator.close())

const cast = (type: string): string => `/groups/${giant}/members/microsoft.graph.${type}`
const filtered = (type: string, filter: string): string =>
  `${cast(type)}?$select=id&$top=50&$count=true&$filter=${encodeURIComponent(filter)}`
const refused = { status: 400, body: { error: { code: 'Request_UnsupportedQuery' } } }
const idsOf = (rows: readonly Readonly<Record<string, unknown>>[]): Set<unknown> =>
  new Set(rows.map(({ id }) => id))
const membersOf = (type: string): Set<unknown> =>
  new Set(
    [...simulator.edges()]
      .filter(({ groupId, memberType }) => groupId === giant && memberType === type)
      .map(({ memberId }) => memberId),
  )

test('members take a filter below a cast alone, and only in advanced mode', async () => {
  const filter = "startsWith(userPrincipalName,'a')"
  const query = `?$filter=${encodeURIComponent(filter)}`
  expect(await callGraph(simulator, filtered('user', filter))).toMatchObject(refused)
  const uncounted = `${cast('user')}${query}`
  expect(await callGraph(simulator, uncounted, { headers: eventual })).toMatchObject(refused)
  const uncast = `/groups/${giant}/members${query}&$count=true`
  expect(await callGraph(simulator, uncast, { headers: eventual })).toMatchObject(refused)
  const plain = `${cast('user')}/$count${query}`
  expect((await callGraph(simulator, plain)).body.error?.code).toBe('Request_BadRequest')
})

test('a tenant may refuse such filters, and still count and list below casts', async () => {
  await using strict = await startSimulator({
    tenants: [{ id: simulator.tenant, users: 600, groups: { count: 40, giantSize: 601 } }],
    filtersMembers: false,
  })
  const filter = "startsWith(userPrincipalName,'a')"
  const count = `${cast('user')}/$count`
  const filteredCount = `${count}?$filter=${encodeURIComponent(filter)}`
  expect(await callGraph(strict, filteredCount, { headers: eventual })).toMatchObject(refused)
  const all = filtered('user', filter)
  expect(await callGraph(strict, all, { headers: eventual })).toMatchObject(refused)
  expect((await callGraph(strict, count, { headers: eventual })).status).toBe(200)
})

test('a filter and its complement find every member of a type once, and count them', async () => {
  const headers = eventual
  const some = "startsWith(userPrincipalName,'a') or startsWith(userPrincipalName,'o''mañana#')"
  const [found, rest] = await Promise.all([
    walkGraph(simulator, filtered('user', some), { headers }),
    walkGraph(simulator, filtered('user', `not(${some})`), { headers }),
  ])
  expect(found.rows.length).toBeGreaterThan(10)
  expect(found.rows.every((row) => !('@odata.type' in row))).toBe(true)
  expect(idsOf([...found.rows, ...rest.rows])).toEqual(membersOf('user'))
  expect(found.rows.length + rest.rows.length).toBe(membersOf('user').size)
  const count = `${cast('user')}/$count?$filter=${encodeURIComponent(some)}`
  expect((await callGraph(simulator, count, { headers })).text).toBe(String(found.rows.length))
  const named = encodeURIComponent("startsWith(userPrincipalName,'o''mañana#')")
  const one = await callGraph(simulator, `${cast('user')}/$count?$filter=${named}`, { headers })
  expect(one.text).toBe('1')
})

test('the counts of all casts add up to that of all members, whoever is deleted', async () => {
  const victim = String([...membersOf('user')][5])
  simulator.control.deleteUser(victim)
  const counted = async (path: string): Promise<number> =>
    Number((await callGraph(simulator, `${path}/$count`, { headers: eventual })).text)
  const types = ['user', 'group', 'device', 'servicePrincipal', 'orgContact']
  const counts = await Promise.all(types.map((type) => counted(cast(type))))
  expect(counts).toEqual(types.map((type) => membersOf(type).size))
  const all = await counted(`/groups/${giant}/members`)
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(all)
  expect(membersOf('user').has(victim)).toBe(false)
})

test.each(['group', 'device', 'servicePrincipal'])(
  'members of type %s are found by their names',
  async (type) => {
    const [id] = membersOf(type)
    expect(id).toBeDefined()
    const { rows } = await walkGraph(simulator, `${cast(type)}?$select=id,displayName`)
    const name = String(rows.find((row) => row['id'] === id)?.['displayName'])
    const filter = `startsWith(displayName,'${name.replaceAll("'", "''")}')`
    const found = await walkGraph(simulator, filtered(type, filter), { headers: eventual })
    expect(idsOf(found.rows)).toContain(id)
    const none = filtered(type, "startsWith(displayName,'nobody is called so')")
    expect((await walkGraph(simulator, none, { headers: eventual })).rows).toEqual([])
  },
)
