import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callGraph, eventual, walkGraph } from '../../test/support/graph-caller.ts'
import { startSimulator, type Simulator, type UserWish } from './index.ts'

const domain = 'contoso.example'
const people = [
  { userPrincipalName: `Zoë.Müller@${domain}`, displayName: 'Zoë "Zo" Müller' },
  { userPrincipalName: `王.伟@${domain}`, department: 'R&D\\' },
  { userPrincipalName: `O'BRIEN^~!@${domain}`, accountEnabled: false },
  { userPrincipalName: `a_fabrikam.example#EXT#@${domain}`, userType: 'Guest' },
] as const
let simulator: Simulator
beforeAll(async () => {
  const id = '11111111-2222-4333-8444-555555555555'
  simulator = await startSimulator({ tenants: [{ id, users: 300, people }], cachePages: true })
})
beforeEach(() => simulator.control.reset())
afterAll(() => simulator.close())

const columns = 'id,userPrincipalName,displayName,department,mail,accountEnabled,userType'
const select = columns.split(',')
const list = `/users?$top=999&$select=${columns}`

async function expectAgreement(): Promise<void> {
  const truth = [...simulator.users(undefined, select)]
  expect((await walkGraph(simulator, list)).rows).toEqual(truth)
  expect(simulator.userCount()).toBe(truth.length)
  const { text } = await callGraph(simulator, '/users/$count', { headers: eventual })
  expect(text).toBe(String(truth.length))
}

test.each<[UserWish, string]>([
  [{}, '"userPrincipalName" is missing'],
  [{ userPrincipalName: 'nameless' }, 'must be a name and a domain'],
  [{ userPrincipalName: `ZOË.müller@${domain}` }, 'is taken'],
  [{ userPrincipalName: `new@${domain}`, shoeSize: 43 }, 'no property "shoeSize"'],
  [{ userPrincipalName: `new@${domain}`, id: 'mine' }, '"id" follows from the seed'],
])('creating %j is refused: %s', (user, message) => {
  expect(() => simulator.control.createUser(user)).toThrow(message)
})

test('nobody is changed, deleted or restored who is not there, or whose name is taken', () => {
  const { control } = simulator
  const nobody = `nobody@${domain}`
  expect(() => control.changeUser(nobody, { mail: null })).toThrow(`no user "${nobody}"`)
  expect(() => control.restoreUser(nobody)).toThrow(`no user "${nobody}"`)
  const [zoe = '', wang = ''] = people.map(({ userPrincipalName }) => userPrincipalName)
  expect(() => control.changeUser(wang, { userPrincipalName: zoe.toUpperCase() })).toThrow('taken')
  const id = String([...simulator.users(undefined, ['id'])][300]?.['id'])
  control.deleteUser(zoe)
  expect(() => control.changeUser(id, { mail: null })).toThrow('is deleted')
  control.createUser({ userPrincipalName: zoe })
  expect(() => control.restoreUser(id)).toThrow('is taken')
})

test('listed people stand at the end of lists, with null for what was not said', async () => {
  await expectAgreement()
  const { rows } = await walkGraph(simulator, list)
  expect(rows).toHaveLength(304)
  expect(rows.slice(300)).toMatchObject(people)
  expect(rows[300]).toMatchObject({ mail: null, department: null, accountEnabled: true })
  for (const { userPrincipalName } of people) {
    const path = `/users/${encodeURIComponent(userPrincipalName.toUpperCase())}`
    expect((await callGraph(simulator, path)).body).toMatchObject({ userPrincipalName })
  }
})

test('a created user is in lists, look-ups, counts and filters at once', async () => {
  await walkGraph(simulator, list)
  const userPrincipalName = `Ünal.Öz@${domain}`
  const id = simulator.control.createUser({ userPrincipalName, department: 'Sales' })
  await expectAgreement()
  const filter = encodeURIComponent(`userPrincipalName eq '${userPrincipalName.toLowerCase()}'`)
  const { body } = await callGraph(simulator, `/users?$filter=${filter}`)
  expect(body.value).toMatchObject([{ id, userPrincipalName, displayName: 'Ünal.Öz' }])
})

test('a renamed user keeps id and place, and the old name leads nowhere', async () => {
  const before = [...simulator.users(undefined, select)]
  const old = String(before[7]?.['userPrincipalName'])
  simulator.control.changeUser(old, { userPrincipalName: `zz@${domain}`, department: null })
  await expectAgreement()
  const after = [...simulator.users(undefined, select)]
  expect(after[7]).toEqual({
    ...before[7],
    userPrincipalName: `zz@${domain}`,
    department: null,
  })
  expect((await callGraph(simulator, `/users/${encodeURIComponent(old)}`)).status).toBe(404)
  expect((await callGraph(simulator, `/users/zz@${domain}`)).body['id']).toBe(before[7]?.['id'])
})

test('a deleted user comes back with the same id, values and groups', async () => {
  const truth = [...simulator.users(undefined, select)]
  const edges = [...simulator.edges()]
  const id = String(truth[302]?.['id'])
  simulator.control.deleteUser(id)
  await expectAgreement()
  expect([...simulator.edges()].some(({ memberId }) => memberId === id)).toBe(false)
  simulator.control.restoreUser(id)
  await expectAgreement()
  expect([...simulator.users(undefined, select)]).toEqual(truth)
  expect([...simulator.edges()]).toEqual(edges)
})

test('a tenant that shrank below a created user grows again with somebody else', async () => {
  const id = simulator.control.createUser({ userPrincipalName: `late@${domain}` })
  simulator.control.setUserCount(200)
  await expectAgreement()
  simulator.control.setUserCount(305)
  await expectAgreement()
  const last = [...simulator.users(undefined, ['id', 'userPrincipalName'])].at(-1)
  expect(last?.['id']).toBe(id)
  expect(last?.['userPrincipalName']).not.toBe(`late@${domain}`)
})

test('a disabled user cannot sign in, and can once enabled again', async () => {
  const user = people[0].userPrincipalName
  const refresh = async (): Promise<number> => {
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: simulator.client.id,
      client_secret: simulator.client.secret,
      refresh_token: simulator.control.issueRefreshToken({ user }),
    })
    const url = `${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`
    return (await fetch(url, { method: 'POST', body })).status
  }
  simulator.control.changeUser(user, { accountEnabled: false })
  expect(await refresh()).toBe(400)
  simulator.control.changeUser(user, { accountEnabled: true })
  expect(await refresh()).toBe(200)
})

test('changes come over HTTP as well, and reset undoes them all', async () => {
  const before = [...simulator.users(undefined, select)]
  const order = async (operation: string, body: unknown): Promise<unknown> => {
    const url = `${simulator.urls.http}/_control/${operation}`
    return (await fetch(url, { method: 'POST', body: JSON.stringify(body) })).json()
  }
  const user = { userPrincipalName: `new@${domain}` }
  const created = (await order('create-user', { user })) as { readonly id: string }
  await order('change-user', { user: created.id, change: { displayName: 'New' } })
  await order('delete-user', { user: people[0].userPrincipalName })
  expect([...simulator.users(undefined, select)].at(-1)).toMatchObject({ displayName: 'New' })
  const id = String(before[300]?.['id'])
  await order('restore-user', { user: id })
  expect(simulator.userCount()).toBe(305)
  expect(await order('create-user', {})).toHaveProperty('error')
  simulator.control.reset()
  expect([...simulator.users(undefined, select)]).toEqual(before)
  await expectAgreement()
})

test.each([
  ['numbers', /^0000\d{3}(_[a-z.]+#EXT#)?@/],
  ['one_prefix', /^emp00000\d{3}(_[a-z.]+#EXT#)?@/],
] as const)('people can be called by %s', async (naming, pattern) => {
  const tenants = [{ id: simulator.tenant, users: 200, naming }]
  await using numbered = await startSimulator({ tenants })
  const truth = [...numbered.users(undefined, ['id', 'userPrincipalName', 'mail'])]
  const path = '/users?$top=999&$select=id,userPrincipalName,mail'
  expect((await walkGraph(numbered, path)).rows).toEqual(truth)
  expect(new Set(truth.map((row) => row['userPrincipalName'])).size).toBe(200)
  for (const row of truth) expect(row['userPrincipalName']).toMatch(pattern)
  const name = encodeURIComponent(String(truth[150]?.['userPrincipalName']))
  expect((await callGraph(numbered, `/users/${name}`)).body['id']).toBe(truth[150]?.['id'])
})

test.each([0, 3])('a tenant of %i users is served whole', async (users) => {
  await using small = await startSimulator({ tenants: [{ id: simulator.tenant, users }] })
  expect((await walkGraph(small, '/users?$select=id')).rows).toEqual([
    ...small.users(undefined, ['id']),
  ])
  const { text } = await callGraph(small, '/users/$count', { headers: eventual })
  expect(text).toBe(String(users))
})
