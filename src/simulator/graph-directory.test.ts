import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startSimulator, type Simulator } from './index.ts'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({
    tenants: [
      {
        id: '11111111-2222-4333-8444-555555555555',
        users: 300,
        groups: { count: 20 },
        devices: 25,
      },
    ],
  })
})
beforeEach(() => {
  simulator.control.reset()
  simulator.control.setPermissions(['Directory.Read.All', 'User.Read.All'])
})
afterAll(() => simulator.close())

type Row = Readonly<Record<string, unknown>>
const eventual = { ConsistencyLevel: 'eventual' }

async function get(
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: Row; readonly units: string | null }> {
  const { id, secret } = simulator.client
  const scope = 'https://graph.microsoft.com/.default'
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret, scope }
  const token = await fetch(`${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const authorization = `Bearer ${String(((await token.json()) as Row)['access_token'])}`
  const url = path.startsWith('http') ? path : `${simulator.urls.graph}/v1.0${path}`
  const answer = await fetch(url, { headers: { authorization, ...headers } })
  const body = (await answer.json()) as Row
  return { status: answer.status, body, units: answer.headers.get('x-ms-resource-unit') }
}

async function rowsOf(path: string): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (let next: string | undefined = path; next !== undefined;) {
    const { body, status } = await get(next)
    expect(status).toBe(200)
    rows.push(...(body['value'] as readonly Row[]))
    next = body['@odata.nextLink'] as string | undefined
  }
  return rows
}

async function linked(
  path: string,
  sourceId: unknown,
): Promise<readonly (readonly [source: unknown, id: unknown, type: string])[]> {
  const rows = await rowsOf(path)
  return rows.map((row) => {
    const type = String(row['@odata.type']).replace('#microsoft.graph.', '')
    return [sourceId, row['id'], type] as const
  })
}

test.each([
  ['/devices?$top=1000', 400, 'Request_UnsupportedQuery'],
  ['/devices?$select=id,shoeSize', 400, 'BadRequest'],
  ["/devices?$filter=trustType eq 'AzureAd'", 400, 'Request_UnsupportedQuery'],
  ["/devices?$filter=not(startsWith(displayName,'L'))", 400, 'Request_UnsupportedQuery'],
  ['/devices/$count', 400, 'Request_BadRequest'],
  ['/directory/administrativeUnits/$count', 400, 'Request_BadRequest'],
  ['/directoryRoles?$top=5', 400, 'Request_UnsupportedQuery'],
  ['/directoryRoles/62e90394-69f5-4237-9190-000000000000/members', 404, 'Request_ResourceNotFound'],
  ['/groups/62e90394-69f5-4237-9190-000000000000/owners', 404, 'Request_ResourceNotFound'],
  ['/users?$expand=memberOf', 501, 'NotImplemented'],
])('%s is refused with %i %s', async (path, status, code) => {
  expect(await get(path)).toMatchObject({ status, body: { error: { code } } })
})

test('managers are not expanded by advanced queries, nor are roles counted', async () => {
  const expanded = await get('/users?$expand=manager($select=id)&$count=true', eventual)
  expect(expanded.body).toMatchObject({ error: { code: 'Request_UnsupportedQuery' } })
  const counted = await get('/directoryRoles/$count', eventual)
  expect(counted.body).toMatchObject({ error: { code: 'Request_BadRequest' } })
})

test.each([
  ['/devices', 'Device.Read.All'],
  ['/directory/administrativeUnits', 'AdministrativeUnit.Read.All'],
  ['/directoryRoles', 'RoleManagement.Read.Directory'],
  ['/directoryRoles/62e90394-69f5-4237-9190-012177145e10/members', 'RoleManagement.Read.Directory'],
  ['/users?$select=id&$expand=manager($select=id)', 'User.Read.All'],
])('%s needs %s, and nothing else', async (path, permission) => {
  const every = ['Device.Read.All', 'AdministrativeUnit.Read.All', 'User.Read.All']
  const others = [...every, 'RoleManagement.Read.Directory'].filter((one) => one !== permission)
  simulator.control.setPermissions(others)
  expect(await get(path)).toMatchObject({
    status: 403,
    body: { error: { code: 'Authorization_RequestDenied' } },
  })
  simulator.control.setPermissions([permission])
  expect((await get(path)).status).toBe(200)
})

test('devices come in pages, with the values of their plain rows', async () => {
  const select = ['id', 'displayName', 'isManaged', 'approximateLastSignInDateTime', 'physicalIds']
  const rows = await rowsOf(`/devices?$top=10&$select=${select.join(',')}`)
  expect(rows).toEqual([...simulator.devices(undefined, select)])
  expect(rows).toHaveLength(25)
  const ids = new Set(rows.map((row) => row['id']))
  const named = [...simulator.edges()].filter(({ memberType }) => memberType === 'device')
  expect(named.some(({ memberId }) => ids.has(memberId))).toBe(true)
})

test('devices are counted and filtered, and leave when the tenant shrinks', async () => {
  expect((await get('/devices/$count', eventual)).body).toBe(25)
  const { body } = await get(
    "/devices?$filter=not(startsWith(displayName,'laptop-1'))&$count=true&$select=id",
    eventual,
  )
  const others = [...simulator.devices()].filter(
    (row) => !String(row['displayName']).startsWith('LAPTOP-1'),
  )
  expect(body).toMatchObject({ '@odata.count': others.length })
  simulator.control.setDeviceCount(7)
  expect((await get('/devices/$count', eventual)).body).toBe(7)
})

test('administrative units and directory roles are listed with all they have', async () => {
  expect(await rowsOf('/directory/administrativeUnits?$top=5')).toEqual([
    ...simulator.administrativeUnits(),
  ])
  expect((await get('/directory/administrativeUnits/$count', eventual)).body).toBe(12)
  const roles = await rowsOf('/directoryRoles')
  expect(roles).toEqual([...simulator.directoryRoles()])
  expect(roles[0]).toMatchObject({
    displayName: 'Global Administrator',
    roleTemplateId: '62e90394-69f5-4237-9190-012177145e10',
  })
})

test('owners of all groups are the ground truth, deleted users left out', async () => {
  const [first] = [...simulator.owners()].filter(({ ownerType }) => ownerType === 'user')
  simulator.control.deleteUser(first?.ownerId ?? '')
  const found = []
  for (const { id } of simulator.groups(undefined, ['id'])) {
    found.push(...(await linked(`/groups/${String(id)}/owners?$select=id`, id)))
  }
  const truth = [...simulator.owners()]
  expect(found).toEqual(truth.map((one) => [one.groupId, one.ownerId, one.ownerType]))
  expect(truth.map(({ ownerId }) => ownerId)).not.toContain(first?.ownerId)
  expect(new Set(truth.map(({ ownerType }) => ownerType))).toEqual(
    new Set(['user', 'servicePrincipal']),
  )
})

test('holders of all roles are the ground truth, under the id of the template as well', async () => {
  const found = []
  for (const { id } of simulator.directoryRoles(undefined, ['id'])) {
    found.push(...(await linked(`/directoryRoles/${String(id)}/members?$select=id`, id)))
  }
  const truth = [...simulator.roleMembers()]
  expect(found).toEqual(truth.map((one) => [one.roleId, one.memberId, one.memberType]))
  const template = '62e90394-69f5-4237-9190-012177145e10'
  const again = await linked(`/directoryRoles/${template}/members`, found[0]?.[0])
  expect(again).toEqual(found.slice(0, again.length))
})

test('casts leave only members of that type, without telling it', async () => {
  const group = String([...simulator.groups(undefined, ['id'])][0]?.['id'])
  const path = `/groups/${group}/members/microsoft.graph.user`
  const users = [...simulator.edges()].filter(
    ({ groupId, memberType }) => groupId === group && memberType === 'user',
  )
  const rows = await rowsOf(`${path}?$select=id&$top=999`)
  expect(rows).toEqual(users.map(({ memberId }) => ({ id: memberId })))
  expect((await get(`${path}/$count`, eventual)).body).toBe(users.length)
  const owners = await rowsOf(`/groups/${group}/owners/microsoft.graph.servicePrincipal`)
  expect(owners.every((row) => row['@odata.type'] === undefined)).toBe(true)
})

test('managers come with the users that have one, and cost one unit more', async () => {
  const path = '/users?$select=id&$expand=manager($select=id)&$top=100'
  const rows = await rowsOf(path)
  expect(rows.map((row) => row['id'])).toEqual(
    [...simulator.users(undefined, ['id'])].map((row) => row['id']),
  )
  const found = rows.flatMap(({ id, manager }) =>
    manager === undefined ? [] : [{ userId: id, managerId: (manager as Row)['id'] }],
  )
  const truth = [...simulator.managers()]
  expect(found).toEqual(truth)
  expect(truth.length).toBeGreaterThan(100)
  expect((await get(path)).units).toBe('2')
  expect((await get('/users?$select=id')).units).toBe('1')
})

test('a user tells of its manager, and one without has none', async () => {
  const [led] = simulator.managers()
  const { body } = await get(`/users/${led?.userId}/manager?$select=id`)
  expect(body).toMatchObject({ '@odata.type': '#microsoft.graph.user', id: led?.managerId })
  const [first] = simulator.users(undefined, ['id'])
  expect(await get(`/users/${String(first?.['id'])}/manager`)).toMatchObject({
    status: 404,
    body: { error: { code: 'Request_ResourceNotFound' } },
  })
})
