import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { drawGroup, groupIdOf, indexOfGroupId, membersOf, type GroupPlan } from './group.ts'
import { startSimulator, type Simulator } from './index.ts'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({
    tenants: [
      {
        id: '11111111-2222-4333-8444-555555555555',
        users: 3_000,
        groups: { count: 1_234, giantSize: 2_500 },
      },
    ],
  })
})
beforeEach(() => simulator.control.reset())
afterAll(() => simulator.close())

type Row = Readonly<Record<string, unknown>>
interface Answer {
  readonly status: number
  readonly body: {
    readonly value: readonly Row[]
    readonly error?: { readonly code: string; readonly message: string }
    readonly [name: string]: unknown
  }
}

async function bearer(): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: simulator.client.id,
    client_secret: simulator.client.secret,
    scope: 'https://graph.microsoft.com/.default',
  })
  const url = `${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`
  const answer = (await (await fetch(url, { method: 'POST', body })).json()) as Row
  return String(answer['access_token'])
}

async function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const url = path.startsWith('http') ? path : `${simulator.urls.graph}/v1.0${path}`
  const authorization = `Bearer ${await bearer()}`
  const response = await fetch(url, { headers: { authorization, ...headers } })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

async function walk(path: string): Promise<{ readonly rows: Row[]; readonly pages: number }> {
  const rows: Row[] = []
  let pages = 0
  for (let next: string | undefined = path; next !== undefined; pages++) {
    const { body }: Answer = await get(next)
    rows.push(...body.value)
    next = body['@odata.nextLink'] as string | undefined
  }
  return { rows, pages }
}

const groupIds = (): string[] =>
  [...simulator.groups(undefined, ['id'])].map((group) => String(group['id']))

test.each([
  ['/groups?$top=1000', 400, 'Request_UnsupportedQuery'],
  ['/groups?$select=id,shoeSize', 400, 'BadRequest'],
  ['/groups?$skiptoken=abc', 400, 'Request_BadRequest'],
  ['/groups?$skip=10', 400, 'Request_UnsupportedQuery'],
  ["/groups?$filter=endsWith(mail,'x')", 400, 'Request_UnsupportedQuery'],
  ['/groups/$count', 400, 'Request_BadRequest'],
  ['/groups/00000000-0000-4000-8000-000000000000', 404, 'Request_ResourceNotFound'],
  ['/groups/00000000-0000-4000-8000-000000000000/members', 404, 'Request_ResourceNotFound'],
])('%s is refused with %i %s', async (path, status, code) => {
  expect(await get(path)).toMatchObject({ status, body: { error: { code } } })
})

test('a token without a permission for groups is refused, one for users or not', async () => {
  simulator.control.setPermissions(['User.Read.All'])
  const refusal = { status: 403, body: { error: { code: 'Authorization_RequestDenied' } } }
  expect(await get('/groups')).toMatchObject(refusal)
  expect(await get(`/groups/${groupIds()[0]}/members`)).toMatchObject(refusal)
})

test('a deleted group is 404 between the list and the fan-out, and gone from the list', async () => {
  const [, victim = ''] = groupIds()
  expect((await get(`/groups/${victim}/members`)).status).toBe(200)
  simulator.control.deleteGroup(victim)
  expect((await get(`/groups/${victim}/members`)).status).toBe(404)
  const { rows } = await walk('/groups?$top=999&$select=id')
  expect(rows.map((row) => row['id'])).toEqual(groupIds())
  expect(rows).toHaveLength(1_233)
  expect(groupIds()).not.toContain(victim)
})

test('a deleted user vanishes from lists, look-ups, counts and groups', async () => {
  const [giant = ''] = groupIds()
  const members = await walk(`/groups/${giant}/members?$top=999&$select=id`)
  const victim = String(members.rows[3]?.['id'])
  simulator.control.deleteUser(victim)
  expect((await get(`/users/${victim}`)).status).toBe(404)
  const after = await walk(`/groups/${giant}/members?$top=999&$select=id`)
  expect(after.rows).toHaveLength(members.rows.length - 1)
  const users = await walk('/users?$top=999&$select=id')
  expect(users.rows).toEqual([...simulator.users(undefined, ['id'])])
  expect(users.rows).toHaveLength(2_999)
  expect(simulator.userCount()).toBe(2_999)
  const counted = await get('/users?$count=true&$top=1', { ConsistencyLevel: 'eventual' })
  expect(counted.body['@odata.count']).toBe(2_999)
})

test('groups come in pages of the size asked for, and are the ground truth', async () => {
  const columns = 'id,displayName,mail,securityEnabled,groupTypes'
  const { rows, pages } = await walk(`/groups?$top=500&$select=${columns}`)
  expect(pages).toBe(3)
  expect(rows).toEqual([...simulator.groups(undefined, columns.split(','))])
  const single = await get(`/groups/${String(rows[7]?.['id'])}?$select=${columns}`)
  expect(single.body).toMatchObject(rows[7] ?? {})
})

test('every edge of the fan-out is the ground truth, with its type', async () => {
  const ids = groupIds().slice(0, 60)
  const seen: unknown[] = []
  for (const groupId of ids) {
    const { rows } = await walk(`/groups/${groupId}/members?$top=999&$select=id`)
    for (const row of rows) {
      const memberType = String(row['@odata.type']).replace('#microsoft.graph.', '')
      expect(Object.keys(row)).toEqual(['@odata.type', 'id'])
      seen.push({ groupId, memberId: row['id'], memberType })
    }
  }
  const truth = [...simulator.edges()].filter(({ groupId }) => ids.includes(groupId))
  expect(seen).toEqual(truth)
  expect(new Set(truth.map(({ memberType }) => memberType))).toEqual(
    new Set(['user', 'group', 'device', 'servicePrincipal']),
  )
})

test('filters and counts work as they do for users', async () => {
  const advanced = { ConsistencyLevel: 'eventual' }
  const url = "/groups?$filter=securityEnabled eq true and startsWith(mailNickname,'group1')"
  const { rows } = await walk(`${url}&$select=securityEnabled,mailNickname`)
  const truth = [...simulator.groups(undefined, ['securityEnabled', 'mailNickname'])].filter(
    (group) =>
      group['securityEnabled'] === true && String(group['mailNickname']).startsWith('group1'),
  )
  expect(rows).toEqual(truth)
  const counted = await get(`${url}&$count=true&$top=1`, advanced)
  expect(counted.body['@odata.count']).toBe(truth.length)
  const [giant = ''] = groupIds()
  const members = await get(`/groups/${giant}/members?$count=true&$top=1`, advanced)
  expect(members.body['@odata.count']).toBe(2_500)
})

test('the faults that shape pages shape these pages too', async () => {
  simulator.control.addFault({
    match: { kind: 'members', nth: 2 },
    effect: { kind: 'empty_page' },
  })
  const [giant = ''] = groupIds()
  const { rows, pages } = await walk(`/groups/${giant}/members?$top=999&$select=id`)
  expect([rows.length, pages]).toEqual([2_500, 4])
})

test('no group names a member twice, and every group is found by its id', () => {
  fc.assert(
    fc.property(
      fc.nat(0xffff_ffff),
      fc.nat(99_999),
      fc.integer({ min: 0, max: 5_000 }),
      (seed, index, userBase) => {
        const memberTypes = ['user', 'group', 'device', 'servicePrincipal'] as const
        const plan: GroupPlan = { seed, userBase, giantSize: 7_000, memberTypes }
        const group = drawGroup(plan, index)
        expect(indexOfGroupId(plan, 100_000, groupIdOf(group))).toBe(index)
        const members = [...membersOf(plan, group, 100_000)]
        const names = members.map(([, member]) => `${member.type} ${member.index}`)
        expect(new Set(names).size).toBe(names.length)
        const half = Math.floor(members.length / 2)
        expect([...membersOf(plan, group, 100_000, half)]).toEqual(members.slice(half))
      },
    ),
    { numRuns: 60 },
  )
})

test('a hundred thousand groups cost no table, and their sizes reach from none to thousands', () => {
  const plan: GroupPlan = { seed: 1, userBase: 400_000, giantSize: 400_000, memberTypes: ['user'] }
  const sizes = Array.from({ length: 2_000 }, (_, index) =>
    index === 0 ? 0 : [...membersOf(plan, drawGroup(plan, index), 2_000)].length,
  )
  expect(Math.min(...sizes)).toBe(0)
  expect(Math.max(...sizes)).toBeGreaterThan(3_000)
})
