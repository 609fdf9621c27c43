import { afterEach, beforeEach, expect, test } from 'vitest'
import { EvergrantError } from '../../src/kernel/index.ts'
import type { Composition } from '../../src/server/index.ts'
import { createSkippingClock } from '../support/skipping-clock.ts'
import { expectedRows, sqliteRows, type Snapshot } from '../support/snapshots.ts'
import {
  makeWorkspace,
  runImport,
  type ImportOutcome,
  type ImportSetup,
  type Workspace,
} from '../support/workspace.ts'

const collections = ['members'] as const

let workspace: Workspace
beforeEach(async () => {
  workspace = await makeWorkspace({ users: 300, groups: { count: 40, giantSize: 250 } })
})
afterEach(() => workspace.close())

const whole = (setup: ImportSetup = {}): Promise<ImportOutcome> =>
  runImport(workspace, { collections, ...setup })
const changes = (setup: ImportSetup = {}): Promise<ImportOutcome> =>
  whole({ ...setup, options: { delta: true, ...setup.options } })
const groupIds = (): string[] => [...workspace.simulator.groups()].map(({ id }) => String(id))
const userIds = (): string[] => [...workspace.simulator.users()].map(({ id }) => String(id))
const membersOf = (group: string): string[] =>
  [...workspace.simulator.edges()].flatMap((e) => (e.groupId === group ? [e.memberId] : []))
const truth = (): Snapshot => expectedRows(workspace.simulator, 'members')
const rows = (to = 'store'): Promise<Snapshot> =>
  sqliteRows(workspace.path(to === 'store' ? 'evergrant.db' : 'edges.db'), 'members')

let seed = 7
function random(below: number): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((seed / 2_147_483_648) * below)
}

/** Members come, go and come back; a user who is a member is deleted; groups come and go. */
function stir(): void {
  const { control } = workspace.simulator
  const users = userIds()
  const known = new Set([...users, ...groupIds()])
  const members = new Map(groupIds().map((id) => [id, new Set<string>()]))
  for (const { groupId, memberId } of workspace.simulator.edges()) {
    members.get(groupId)?.add(memberId)
  }
  const groups = [...members].toSorted(([, a], [, b]) => b.size - a.size)
  for (let i = 0; i < 15; i++) {
    const [group = '', inside = new Set<string>()] = groups[random(groups.length)] ?? []
    const other = users[random(users.length)] ?? ''
    const leaving = [...inside].find((id) => known.has(id))
    const moved = i % 5 === 0 && leaving !== undefined ? leaving : other
    if (inside.delete(moved)) control.removeMember(group, moved)
    else {
      inside.add(moved)
      control.addMember(group, moved)
    }
  }
  control.deleteUser([...(groups[0]?.[1] ?? [])].find((id) => users.includes(id)) ?? '')
  const [doomed = '', back = ''] = groups.slice(-2).map(([id]) => id)
  control.deleteGroup(doomed)
  control.deleteGroup(back)
  control.restoreGroup(back)
}

test('changes of members end in what the directory holds, without a list of groups', async () => {
  await whole()
  for (const repeats of [0, 3]) {
    workspace.simulator.control.setDeltas({ pageSize: 5, repeats })
    stir()
    const { run, lines } = await changes()
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    expect(run.reason).toMatch(/members: \d+ groups read anew and 1 gone since .*, \d+ known rows/)
    expect(lines('changes_lost')).toEqual([])
    expect(lines('changes_applied')).toHaveLength(1)
    expect(lines('page_committed')).toEqual([])
    expect(await rows()).toEqual(truth())
  }
  const { run } = await changes()
  expect(run.totals).toMatchObject({ rows: 0, deleted: 0 })
  expect(run.totals.requests).toBeLessThan(5)
})

test('changes of members to a table that die at any commit go on where they stood', async () => {
  const to = 'sqlite:edges.db'
  await whole({ to })
  workspace.simulator.control.setDeltas({ pageSize: 5, repeats: 1 })
  stir()
  let commits = 0
  const dies = ({ store }: Composition): void => {
    const { commitPage } = store.runs
    let left = 6
    const dying: typeof commitPage = async (commit) => {
      // The store's commit is lost at times, with the rows safe in the table.
      const killed = new EvergrantError('import_interrupted', 'killed')
      const isLost = commits++ % 2 === 0
      if (--left <= 0 && isLost) throw killed
      const outcome = await commitPage(commit)
      if (left <= 0) throw killed
      return outcome
    }
    Object.assign(store.runs, { commitPage: dying })
  }
  const clock = createSkippingClock()
  let deaths = 0
  let { end } = await changes({ to, clock, before: dies })
  for (; deaths < 30 && end.state === 'interrupted'; deaths++) {
    clock.skip(31_000)
    if (deaths === 1) stir()
    ;({ end } = await changes({ to, clock, before: dies }))
  }
  expect(deaths).toBeGreaterThan(2)
  expect(end).toMatchObject({ state: 'completed', verdict: 'complete' })
  // What happened behind the round is told by the next.
  await changes({ to, clock })
  expect(await rows(to)).toEqual(truth())
})

test('all members are read when Graph has reset the delta, and told of again from there on', async () => {
  await whole()
  const { control } = workspace.simulator
  const [first = ''] = groupIds()
  control.deleteUser(membersOf(first)[0] ?? '')
  control.resetDeltas({ style: 'gone' })
  const reset = await changes()
  expect(reset.lines('changes_lost')).toHaveLength(1)
  expect(reset.lines('page_committed').length).toBeGreaterThan(0)
  expect(reset.run.verdict).toBe('complete')
  expect(await rows()).toEqual(truth())
  stir()
  expect((await changes()).lines('changes_applied')).toHaveLength(1)
  expect(await rows()).toEqual(truth())
})

test('a group that Graph does not show keeps its members, and no later run calls that complete', async () => {
  await whole()
  const { control } = workspace.simulator
  const [, hidden = ''] = groupIds()
  const before = [...(await rows()).keys()].filter((key) => key.startsWith(hidden))
  for (const group of groupIds().slice(0, 3)) {
    const member = membersOf(group).find((id) => userIds().includes(id))
    control.removeMember(group, member ?? '')
  }
  control.addFault({
    match: { path: new RegExp(`/groups/${hidden}/members`), times: Infinity },
    effect: { kind: 'status', status: 403, code: 'Authorization_RequestDenied' },
  })
  const { run, lines } = await changes()
  expect(lines('group_hidden')).toMatchObject([{ groupId: hidden }])
  expect(run.verdict).toBe('complete_with_drift')
  expect(run.reason).toContain('did not show those of 1 more that changed')
  expect([...(await rows()).keys()].filter((key) => key.startsWith(hidden))).toEqual(before)
  control.clearFaults()
  const next = await changes()
  expect(next.run.verdict).toBe('complete_with_drift')
  expect(next.run.reason).toContain('the run that these were added to was not complete')
  expect((await whole()).run.verdict).toBe('complete')
  expect(await rows()).toEqual(truth())
})

test('a run that marks memberships until too many are gone marks no more by reading everything', async () => {
  await whole()
  const known = (await rows()).size
  const { control } = workspace.simulator
  const sizes = groupIds().map((id) => [id, membersOf(id).length] as const)
  const [doomed = ''] = sizes.find(([, size]) => size > known * 0.03 && size < known * 0.08) ?? []
  control.deleteGroup(doomed)
  for (const id of userIds().slice(0, 36)) control.deleteUser(id)
  const { run, lines } = await changes()
  expect(lines('changes_lost')).toMatchObject([{ detail: expect.stringContaining('are gone') }])
  expect(run.totals.deleted).toBeGreaterThan(0)
  expect(run.totals.deleted).toBeLessThanOrEqual(known * 0.1)
  expect(lines('deletion_withheld')).toHaveLength(1)
})
