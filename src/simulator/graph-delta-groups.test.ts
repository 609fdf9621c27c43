import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { bearerOf, callGraph, type GraphReply } from '../../test/support/graph-caller.ts'
import { startSimulator, type Simulator } from './index.ts'

let simulator: Simulator
beforeAll(async () => {
  const id = '11111111-2222-4333-8444-555555555555'
  const groups = { count: 40, giantSize: 1_700 }
  simulator = await startSimulator({ tenants: [{ id, users: 2_000, groups }] })
})
beforeEach(() => simulator.control.reset())
afterAll(() => simulator.close())

type Row = Readonly<Record<string, unknown>>
interface Delta {
  readonly id: string
  readonly '@odata.type': string
  readonly '@removed'?: { readonly reason: string }
}

async function follow(path: string): Promise<{
  readonly pages: readonly (readonly Row[])[]
  readonly rows: readonly Row[]
  readonly deltaLink: string
}> {
  const pages: (readonly Row[])[] = []
  const bearer = await bearerOf(simulator)
  for (let next = path; ;) {
    const { body, status, text }: GraphReply = await callGraph(simulator, next, { bearer })
    if (status !== 200) throw new Error(text)
    pages.push(body.value)
    const deltaLink = body['@odata.deltaLink']
    if (typeof deltaLink === 'string') return { pages, rows: pages.flat(), deltaLink }
    next = String(body['@odata.nextLink'])
  }
}

const first = '/groups/delta?$select=id,displayName,members'
const membersOf = (rows: readonly Row[]): readonly Delta[] =>
  rows.flatMap((row) => (row['members@delta'] ?? []) as readonly Delta[])
const latest = async (path = first): Promise<string> =>
  (await follow(`${path}&$deltatoken=latest`)).deltaLink
const groupIds = (): string[] =>
  [...simulator.groups(undefined, ['id'])].map((group) => String(group['id']))
const userIds = (): string[] =>
  [...simulator.users(undefined, ['id'])].map((user) => String(user['id']))
const outsiders = (group: string): string[] => {
  const inside = new Set(members(group))
  return userIds().filter((id) => !inside.has(id))
}
const members = (group: string): string[] =>
  [...simulator.edges()].filter(({ groupId }) => groupId === group).map((edge) => edge.memberId)

test('nobody is added who is there or unknown, nor removed who is not', () => {
  const { control } = simulator
  const [group = ''] = groupIds()
  const [inside = ''] = members(group)
  const [outside = ''] = outsiders(group)
  expect(() => control.addMember(group, inside)).toThrow('is in the group already')
  expect(() => control.removeMember(group, outside)).toThrow('is not in the group')
  expect(() => control.addMember(group, 'nobody@contoso.example')).toThrow(
    'no user, group or device',
  )
  expect(() => control.addMember('nowhere', outside)).toThrow('no group "nowhere"')
})

test('added and removed members show in the list, the count and the ground truth', async () => {
  const [group = ''] = groupIds()
  const [other = ''] = groupIds().slice(-1)
  const before = members(group)
  const [outside = ''] = outsiders(group)
  const url = `${simulator.urls.http}/_control/add-member`
  const body = JSON.stringify({ group, member: outside })
  expect((await fetch(url, { method: 'POST', body })).status).toBe(200)
  simulator.control.addMember(group, other)
  simulator.control.removeMember(group, before[5] ?? '')
  const wanted = [...before.filter((_, place) => place !== 5), outside, other]
  expect(members(group)).toEqual(wanted)
  const listed: string[] = []
  for (let next: unknown = `/groups/${group}/members?$top=999`; typeof next === 'string';) {
    const page: GraphReply = await callGraph(simulator, next)
    listed.push(...page.body.value.map((row) => String(row['id'])))
    next = page.body['@odata.nextLink']
  }
  expect(listed).toEqual(members(group))
  simulator.control.addMember(group, before[5] ?? '')
  simulator.control.removeMember(group, outside)
  expect(members(group)[5]).toBe(before[5])
  simulator.control.reset()
  expect(members(group)).toEqual(before)
})

test('a first round has every group and member, a large group over several pages', async () => {
  const { pages, rows } = await follow(first)
  const [giant] = groupIds()
  const pieces = rows.filter((row) => row['id'] === giant)
  expect(pieces.map((row) => membersOf([row]).length)).toEqual([500, 500, 500, 200])
  expect(pages.filter((page) => page.some((row) => row['id'] === giant))).toHaveLength(4)
  const edges = rows.flatMap((row) =>
    membersOf([row]).map((member) => ({
      groupId: row['id'],
      memberId: member.id,
      memberType: member['@odata.type'].replace('#microsoft.graph.', ''),
    })),
  )
  expect(edges).toEqual([...simulator.edges()])
  expect(new Set(rows.map((row) => row['id']))).toEqual(new Set(groupIds()))
})

test('without members selected no row has any, and a new member is no news', async () => {
  const path = '/groups/delta?$select=displayName'
  const { rows, deltaLink } = await follow(path)
  expect(membersOf(rows)).toEqual([])
  expect(rows).toHaveLength(40)
  const [group = ''] = groupIds()
  simulator.control.removeMember(group, members(group)[0] ?? '')
  expect((await follow(deltaLink)).rows).toEqual([])
})

test('later rounds tell of members added, removed and deleted, and of groups that came and went', async () => {
  const link = await latest()
  const [giant = '', second = ''] = groupIds()
  const [doomed = ''] = groupIds().slice(-1)
  const [removed = '', deleted = '', back = ''] = members(giant)
  const [added = ''] = outsiders(giant)
  const { control } = simulator
  control.removeMember(giant, removed)
  control.addMember(giant, added)
  control.removeMember(giant, back)
  control.addMember(giant, back)
  control.deleteUser(deleted)
  control.deleteGroup(doomed)
  control.setGroupCount(41)
  const { rows, deltaLink } = await follow(link)
  const giantRow = rows.find((row) => row['id'] === giant)
  const told = new Map(membersOf([giantRow ?? {}]).map((one) => [one.id, one['@removed']?.reason]))
  expect(told).toEqual(
    new Map([
      [removed, 'deleted'],
      [added, undefined],
      [back, undefined],
      [deleted, 'deleted'],
    ]),
  )
  expect(giantRow).toHaveProperty('displayName')
  expect(rows.find((row) => row['id'] === doomed)).toHaveProperty('@removed')
  const [created = ''] = groupIds().slice(-1)
  expect(created).not.toBe(doomed)
  const createdRows = rows.filter((row) => row['id'] === created)
  expect(membersOf(createdRows).map(({ id }) => id)).toEqual(members(created))
  expect(rows.some((row) => row['id'] === second && !('members@delta' in row))).toBe(false)
  control.restoreUser(deleted)
  const next = await follow(deltaLink)
  const returned = next.rows.find((row) => row['id'] === giant)
  expect(membersOf([returned ?? {}])).toEqual([
    { '@odata.type': '#microsoft.graph.user', id: deleted },
  ])
})

test('more new members than a row names come in pieces', async () => {
  const link = await latest()
  const [, group = ''] = groupIds()
  const added = outsiders(group).slice(0, 510)
  for (const id of added) simulator.control.addMember(group, id)
  const { rows } = await follow(link)
  expect(rows.map((row) => membersOf([row]).length)).toEqual([500, 10])
  expect(membersOf(rows).map(({ id }) => id)).toEqual(added)
})

test('a group is changed by what groups have, and by nothing else', () => {
  const [group = ''] = groupIds()
  const { control } = simulator
  expect(() => control.changeGroup(group, { shoeSize: 43 })).toThrow('"shoeSize"')
  expect(() => control.changeGroup(group, { id: 'mine' })).toThrow('"id"')
  expect(() => control.changeGroup('nowhere', { displayName: 'x' })).toThrow('no group "nowhere"')
})

test('a renamed and a restored group are in the list, the filter, the ground truth and the delta', async () => {
  const select = ['id', 'displayName', 'visibility']
  const before = [...simulator.groups(undefined, select)]
  const visible = before.find((group) => group['visibility'] !== null)
  const [renamed, gone] = [String(visible?.['id']), groupIds().at(-1) ?? '']
  const link = await latest('/groups/delta?$select=displayName,visibility')
  const { control } = simulator
  control.changeGroup(renamed, { displayName: 'Zzz', visibility: null })
  control.deleteGroup(gone)
  control.restoreGroup(gone)
  const path = `/groups?$top=999&$select=${select.join(',')}`
  const truth = [...simulator.groups(undefined, select)]
  expect((await callGraph(simulator, path)).body.value).toEqual(truth)
  expect(truth).toHaveLength(before.length)
  const filter = "/groups?$select=id&$filter=startsWith(displayName,'zzz')"
  expect((await callGraph(simulator, filter)).body.value).toEqual([{ id: renamed }])
  const { rows } = await follow(link)
  expect(rows.map(({ id }) => id)).toEqual([renamed, gone])
  expect(rows[0]).toEqual({ id: renamed, displayName: 'Zzz', visibility: null })
  control.reset()
  expect([...simulator.groups(undefined, select)]).toEqual(before)
})
