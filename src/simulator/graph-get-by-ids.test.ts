import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callGraph, type GraphReply } from '../../test/support/graph-caller.ts'
import { startSimulator, type Simulator } from './index.ts'

let simulator: Simulator
beforeAll(async () => {
  const tenants = [{ id: '11111111-2222-4333-8444-555555555555', users: 1_200 }]
  simulator = await startSimulator({ tenants })
})
beforeEach(() => {
  simulator.control.reset()
  simulator.control.setPermissions(['Directory.Read.All'])
})
afterAll(() => simulator.close())

const ask = (body: unknown, query = '', asked = simulator): Promise<GraphReply> =>
  callGraph(asked, `/directoryObjects/getByIds${query}`, { body })
const idsOf = (rows: Iterable<Record<string, unknown>>): string[] =>
  [...rows].map((row) => String(row['id']))
const users = (): string[] => idsOf(simulator.users(undefined, ['id']))
const nobody = '00000000-0000-4000-8000-000000000000'

test.each([
  [{}, 'Expected "ids"'],
  [{ ids: [] }, 'Expected "ids"'],
  [{ ids: Array.from({ length: 1_001 }, () => nobody) }, '1 to 1000'],
  [{ ids: ['anna'] }, 'Invalid object identifier "anna"'],
  [{ ids: [nobody], types: 'user' }, '"types"'],
])('%j is refused', async (body, message) => {
  const answer = await ask(body)
  expect(answer).toMatchObject({ status: 400, body: { error: { code: 'Request_BadRequest' } } })
  expect(answer.body.error?.message).toContain(message)
})

test('it is asked by POST, with a permission for the whole directory', async () => {
  expect((await callGraph(simulator, '/directoryObjects/getByIds')).status).toBe(405)
  simulator.control.setPermissions(['User.Read.All', 'Group.Read.All'])
  expect((await ask({ ids: [nobody] })).status).toBe(403)
  await using lenient = await startSimulator({
    tenants: [{ id: simulator.tenant, users: 3 }],
    getByIdsPermissions: ['User.Read.All'],
  })
  const ids = idsOf(lenient.users(undefined, ['id']))
  expect((await ask({ ids }, '', lenient)).body.value).toHaveLength(3)
})

test('a thousand ids are answered at once, the deleted and unknown left out', async () => {
  const ids = users().slice(0, 999)
  const [gone = '', back = ''] = ids
  simulator.control.deleteUser(gone)
  simulator.control.deleteUser(back)
  simulator.control.restoreUser(back)
  const { body, headers } = await ask({ ids: [...ids, nobody] }, '?$select=id,mail')
  expect(body.value.map((row) => row['id'])).toEqual(ids.slice(1))
  expect(Object.keys(body.value[0] ?? {})).toEqual(['@odata.type', 'id', 'mail'])
  expect(headers.get('x-ms-resource-unit')).toBe('4')
})

test('objects of every kind are found, each with its type, and types narrow them', async () => {
  const [user = ''] = users()
  const [group = ''] = idsOf(simulator.groups(undefined, ['id']))
  const [device = ''] = idsOf(simulator.devices(undefined, ['id']))
  const edge = [...simulator.edges()].find(({ memberType }) => memberType === 'servicePrincipal')
  const ids = [user.toUpperCase(), user, group, device, edge?.memberId]
  const types = async (body: unknown): Promise<unknown[]> =>
    (await ask(body)).body.value.map((row) => row['@odata.type'])
  const all = ['user', 'group', 'device', 'servicePrincipal']
  expect(await types({ ids })).toEqual(all.map((type) => `#microsoft.graph.${type}`))
  expect(await types({ ids, types: ['Group', 'user'] })).toHaveLength(2)
  expect(await types({ ids, types: ['directoryObject'] })).toHaveLength(4)
  simulator.control.deleteGroup(group)
  simulator.control.setDeviceCount(0)
  expect(await types({ ids })).toHaveLength(2)
})

test('fifteen ids are looked up by a filter, living ones alone', async () => {
  const [gone = '', ...ids] = users().slice(40, 55)
  simulator.control.deleteUser(gone)
  const asked = [gone, ...ids].map((id) => `'${id}'`).join(',')
  const path = `/users?$select=id&$filter=id in (${asked})`
  const { body } = await callGraph(simulator, path)
  expect(body.value).toEqual(ids.map((id) => ({ id })))
  const groups = idsOf(simulator.groups(undefined, ['id'])).slice(3, 6)
  const quoted = [...groups].toReversed().map((id) => `'${id}'`)
  const path2 = `/groups?$select=id&$top=2&$filter=id in (${quoted.join(',')},'${nobody}')`
  const first = await callGraph(simulator, path2)
  const second = await callGraph(simulator, String(first.body['@odata.nextLink']))
  expect([...first.body.value, ...second.body.value]).toEqual(groups.map((id) => ({ id })))
})
