import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createRunControl, type PageCommit, type WalkRecord } from '../../src/imports/index.ts'
import { compose, type Composition } from '../../src/server/index.ts'
import { csvRows, expectedRows, sqliteRows, type Snapshot } from '../support/snapshots.ts'
import {
  atPage,
  makeWorkspace,
  runImport,
  tenantId,
  type ImportSetup,
  type Workspace,
} from '../support/workspace.ts'

let workspace: Workspace
afterEach(() => workspace.close())

const groups = { count: 60, giantSize: 450 }
const collections = ['members'] as const

async function makeTenant(): Promise<void> {
  workspace = await makeWorkspace({ users: 600, groups })
}

const members = (setup: ImportSetup = {}): ReturnType<typeof runImport> =>
  runImport(workspace, { collections, to: 'sqlite:edges.db', ...setup })
const rows = (): Promise<Snapshot> => sqliteRows(workspace.path('edges.db'), 'members')
const truth = (): Snapshot => expectedRows(workspace.simulator, 'members')

async function walksOf(runId: string): Promise<readonly WalkRecord[]> {
  const { store, close } = await compose({
    configPath: workspace.configPath,
    env: {},
    role: 'main',
  })
  const known = await store.runs.listProgress(runId)
  await close()
  return known.flatMap(({ walks }) => walks)
}

/** Groups and memberships that all walks of a run have read. */
async function sums(runId: string): Promise<{ readonly groups: number; readonly rows: number }> {
  const walks = await walksOf(runId)
  const sum = (of: (walk: WalkRecord) => number | undefined): number =>
    walks.reduce((total, walk) => total + (of(walk) ?? 0), 0)
  return { groups: sum(({ groups: read }) => read), rows: sum((walk) => walk.rows) }
}

/** The memberships that a destination holds, each as its group and member. */
async function keysIn(to: string): Promise<readonly string[]> {
  if (to === 'ndjson:out') {
    const text = await readFile(workspace.path('out/members.ndjson'), 'utf8')
    const edges = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { readonly groupId: string; readonly memberId: string })
    return edges.map(({ groupId, memberId }) => `${groupId}/${memberId}`).toSorted()
  }
  if (to === 'csv:out')
    return [...(await csvRows(workspace.path('out/members.csv'))).keys()].toSorted()
  const file = to === 'store' ? 'evergrant.db' : 'edges.db'
  return [...(await sqliteRows(workspace.path(file), 'members')).keys()].toSorted()
}

/** Those of which a group is not the member: others may have been read before it was gone. */
function without(member: string, keys: Iterable<string>): readonly string[] {
  return [...keys].filter((key) => !key.endsWith(`/${member}`)).toSorted()
}

/** Stops a run in the commit that leaves it within a group. */
function stopWithin(
  groupId: string,
  control: ReturnType<typeof createRunControl>,
): (composition: Composition) => void {
  return ({ store }) => {
    const { commitPage } = store.runs
    Object.assign(store.runs, {
      commitPage: async (commit: PageCommit) => {
        const committed = await commitPage(commit)
        const isWithin = commit.walks.some(
          ({ group }) => group?.id === groupId && group.nextUrl !== undefined,
        )
        if (isWithin) control.request('stop')
        return committed
      },
    })
  }
}

describe('an import of members', () => {
  test('names the permission it lacks', async () => {
    workspace = await makeWorkspace({ users: 10, groups, permissions: ['User.Read.All'] })
    const { end } = await members()
    expect(end.problem).toMatchObject({
      code: 'graph_permission_missing',
      remedy: expect.stringContaining('GroupMember.Read.All') as string,
    })
  })

  test('is complete with drift when groups are missing, and says of how many it read the members', async () => {
    await makeTenant()
    workspace.simulator.control.addFault({
      match: { path: /\/groups\/\$count/ },
      effect: { kind: 'status', status: 400 },
    })
    const { run } = await members()
    expect(run).toMatchObject({
      state: 'completed',
      verdict: 'complete_with_drift',
      reason: expect.stringContaining('of 60 groups') as string,
    })
    expect(await rows()).toEqual(truth())
  })

  test('ends with what to grant when Graph shows the members of no group', async () => {
    await makeTenant()
    workspace.simulator.control.addFault({
      match: { path: /\/members/, times: Infinity },
      effect: { kind: 'status', status: 403, code: 'Authorization_RequestDenied' },
    })
    const { end, run } = await members()
    expect(end).toMatchObject({
      state: 'failed',
      problem: {
        code: 'graph_permission_missing',
        remedy: expect.stringContaining('Member.Read.Hidden') as string,
      },
    })
    expect(run.totals.pages).toBe(0)
  })

  test('that loses its permission on the way ends before the first group it could not read', async () => {
    await makeTenant()
    const { control } = workspace.simulator
    const match = { path: /\/members/, times: Infinity }
    const effect = { kind: 'status', status: 403, code: 'Authorization_RequestDenied' } as const
    atPage(workspace.simulator, 30, () => control.addFault({ match, effect }))
    const { end, lines } = await members()
    expect(end).toMatchObject({ state: 'interrupted' })
    expect(end.problem).toMatchObject({ code: 'graph_permission_missing' })
    expect(lines('group_hidden')).toEqual([])
    control.clearFaults()
    const { run } = await members()
    expect(run).toMatchObject({ id: run.id, verdict: 'complete' })
    expect(await rows()).toEqual(truth())
  })

  test('reads all others when Graph hides the members of some groups, says so, and deletes nothing', async () => {
    await makeTenant()
    await members({ to: 'store' })
    const hidden = [...workspace.simulator.groups()].slice(0, 3).map(({ id }) => String(id))
    workspace.simulator.control.addFault({
      match: { path: new RegExp(`/groups/(${hidden.join('|')})/members`), times: Infinity },
      effect: { kind: 'status', status: 403, code: 'Authorization_RequestDenied' },
    })
    const { run, lines } = await members({ to: 'store' })
    expect(run).toMatchObject({
      state: 'completed',
      verdict: 'complete_with_drift',
      reason: expect.stringContaining('did not show the members of 3') as string,
      totals: { deleted: 0 },
    })
    expect(lines('group_hidden').map(({ groupId }) => groupId)).toEqual(hidden)
    const shown = [...workspace.simulator.edges()].filter((e) => !hidden.includes(e.groupId))
    expect(run.totals.rows).toBe(shown.length)
  })

  test('whose group at the cursor is gone when it is resumed counts no group twice', async () => {
    await makeTenant()
    const control = createRunControl()
    atPage(workspace.simulator, 40, () => control.request('stop'))
    const stopped = await members({ control })
    expect(stopped.end.state).toBe('interrupted')
    const [walk] = await walksOf(stopped.run.id)
    expect(walk?.groups).toBeGreaterThan(1)
    const gone = walk?.group?.id ?? ''
    workspace.simulator.control.deleteGroup(gone)
    const { run, lines } = await members()
    expect(lines('walk_restarted').length).toBe(1)
    expect(run.verdict).toBe('complete')
    expect(await sums(run.id)).toMatchObject({ groups: 59 })
    // The group was there when it was read, and may have been a member of others.
    const left = [...(await rows())].filter(([key]) => !key.split('/').includes(gone))
    expect(new Map(left)).toEqual(truth())
  })

  test('is complete when the member list of every group was read to its end', async () => {
    await makeTenant()
    const { run, lines } = await members()
    expect(run).toMatchObject({ verdict: 'complete' })
    expect(await rows()).toEqual(truth())
    // Small groups share commits.
    expect(lines('page_committed').length).toBeLessThan(run.totals.pages)
    expect(await sums(run.id)).toEqual({ groups: 60, rows: truth().size })
  })

  test('reads a giant beside the others, in a walk of its own that a resume goes on with', async () => {
    await makeTenant()
    const control = createRunControl()
    const before = ({ store }: Composition): void => {
      const { commitPage } = store.runs
      Object.assign(store.runs, {
        commitPage: async (commit: PageCommit) => {
          if (commit.walks.some(({ only }) => only !== undefined)) control.request('stop')
          return await commitPage(commit)
        },
      })
    }
    const stopped = await members({ before, control })
    const giants = async (): Promise<readonly WalkRecord[]> =>
      (await walksOf(stopped.run.id)).filter(({ only }) => only !== undefined)
    const [begun] = await giants()
    const [first] = [...workspace.simulator.groups()]
    expect(begun).toMatchObject({ only: first?.['id'], state: 'walking' })
    const { run } = await members()
    expect(run).toMatchObject({ id: stopped.run.id, verdict: 'complete' })
    const [after] = await giants()
    expect(after).toMatchObject({ only: begun?.only, state: 'finished', groups: 1 })
    expect(after?.pages).toBeGreaterThan(begun?.pages ?? 0)
    expect(await rows()).toEqual(truth())
  })

  test('ends a giant that is hidden when all others were read, since Graph still shows those', async () => {
    await makeTenant()
    const { control } = workspace.simulator
    const giant = String([...workspace.simulator.groups()][0]?.['id'])
    const path = new RegExp(`/groups/${giant}/members`)
    // A page of it waits until all others are read, and is refused then, as is every later one.
    const held = control.addFault({
      match: { path, nth: 4 },
      effect: { kind: 'hold' },
      when: 'before',
    })
    const effect = { kind: 'status', status: 403, code: 'Authorization_RequestDenied' } as const
    const before = ({ store }: Composition): void => {
      const { commitPage } = store.runs
      const known = new Map<number, WalkRecord>()
      Object.assign(store.runs, {
        commitPage: async (commit: PageCommit) => {
          const committed = await commitPage(commit)
          for (const walk of commit.walks) known.set(walk.shard, walk)
          const left = [...known.values()].filter(({ state }) => state === 'walking')
          if (left.every(({ only }) => only === giant)) {
            control.addFault({ match: { path, times: Infinity }, effect })
            held.release()
          }
          return committed
        },
      })
    }
    const { lines, run } = await members({ before })
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete_with_drift' })
    expect(lines('group_hidden')).toEqual([
      { type: 'group_hidden', collection: 'members', groupId: giant },
    ])
  })

  test('counts and logs a group that is gone when its members are asked for', async () => {
    await makeTenant()
    const [first, , third] = [...workspace.simulator.groups()]
    const { control } = workspace.simulator
    const groupId = String(first?.['id'])
    const asked = control.addFault({
      match: { kind: 'members', path: `/v1.0/groups/${groupId}/members` },
      effect: { kind: 'hold' },
      when: 'before',
    })
    const importing = members({ options: { pageSize: 999 } })
    await asked.happened()
    control.deleteGroup(groupId)
    control.deleteGroup(String(third?.['id']))
    asked.release()
    const { run, lines } = await importing
    expect(run.state).toBe('completed')
    expect(lines('group_vanished')).toContainEqual({
      type: 'group_vanished',
      collection: 'members',
      groupId,
    })
    expect(await rows()).toEqual(truth())
  })

  describe.each(['store', 'ndjson:out', 'csv:out', 'sqlite:edges.db'])('into %s', (to) => {
    test.each([
      { page: 2, rest: 'its second page' },
      { page: 3, rest: 'the first page of its own walk' },
      { page: 5, rest: 'a later page' },
    ])('keeps nothing of a group that is gone before $rest', async ({ page }) => {
      await makeTenant()
      const { control } = workspace.simulator
      const groupId = String([...workspace.simulator.groups()][0]?.['id'])
      const asked = control.addFault({
        match: { path: new RegExp(`/groups/${groupId}/members`), nth: page },
        effect: { kind: 'hold' },
        when: 'before',
      })
      const importing = members({ to, options: { pageSize: 50 } })
      await asked.happened()
      control.deleteGroup(groupId)
      asked.release()
      const { lines, run } = await importing
      expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
      expect(lines('group_vanished')).toEqual([
        { type: 'group_vanished', collection: 'members', groupId },
      ])
      expect(without(groupId, await keysIn(to))).toEqual(without(groupId, truth().keys()))
      expect(run.reason).toContain(`${(await keysIn(to)).length} distinct rows`)
    })

    test('keeps nothing of a group that was read in part when it was stopped, and is gone', async () => {
      await makeTenant()
      const control = createRunControl()
      const groupId = String([...workspace.simulator.groups()][0]?.['id'])
      const before = stopWithin(groupId, control)
      const setup = { to, options: { pageSize: 250 } }
      const stopped = await members({ ...setup, before, control })
      expect(stopped.end.state).toBe('interrupted')
      const [walk] = await walksOf(stopped.run.id)
      expect(walk?.group).toMatchObject({ id: groupId })
      workspace.simulator.control.deleteGroup(groupId)
      const { run, lines } = await members(setup)
      expect(run).toMatchObject({ id: stopped.run.id, verdict: 'complete' })
      expect(lines('group_vanished').map((line) => line.groupId)).toEqual([groupId])
      expect(without(groupId, await keysIn(to))).toEqual(without(groupId, truth().keys()))
    })
  })

  test('holds a group back from deletion that Graph does not show any more and says is there', async () => {
    await makeTenant()
    await members({ to: 'store' })
    const groupId = String([...workspace.simulator.groups()][0]?.['id'])
    workspace.simulator.control.addFault({
      match: { path: new RegExp(`/groups/${groupId}/members`), nth: 4, times: Infinity },
      effect: { kind: 'status', status: 404, code: 'Request_ResourceNotFound' },
    })
    const { run, lines } = await members({ to: 'store', options: { pageSize: 50 } })
    expect(run).toMatchObject({ verdict: 'complete_with_drift', totals: { deleted: 0 } })
    expect(lines('group_hidden').map((line) => line.groupId)).toEqual([groupId])
    expect(await keysIn('store')).toEqual([...truth().keys()].toSorted())
  })

  test.each([
    { deleteAtMost: 1, kept: false },
    { deleteAtMost: 0.05, kept: true },
  ])(
    'that may delete $deleteAtMost of what it knew keeps all of a large group that goes: $kept',
    async ({ deleteAtMost, kept }) => {
      await makeTenant()
      await members({ to: 'store' })
      const known = truth().size
      const { control } = workspace.simulator
      const groupId = String([...workspace.simulator.groups()][0]?.['id'])
      const own = [...truth().keys()].filter((key) => key.startsWith(groupId))
      const asked = control.addFault({
        match: { path: new RegExp(`/groups/${groupId}/members`), nth: 5 },
        effect: { kind: 'hold' },
        when: 'before',
      })
      const options = { pageSize: 50, deleteAtMost }
      const importing = members({ to: 'store', options })
      await asked.happened()
      control.deleteGroup(groupId)
      asked.release()
      const { run, lines } = await importing
      const found = (await keysIn('store')).filter((key) => key.startsWith(groupId))
      expect(found).toEqual(kept ? own.toSorted() : [])
      const held = lines('deletion_withheld')
      expect(held.length > 0).toBe(kept)
      for (const line of held) expect(line.known).toBe(known)
      expect(run.totals.deleted > 0).toBe(!kept)
    },
  )

  test.each([1, 3, 5, 9, 14, 30])(
    'stopped at request %i goes on within the group where it stood, and reads nothing twice',
    async (page) => {
      await makeTenant()
      const control = createRunControl()
      atPage(workspace.simulator, page, () => control.request('stop'))
      const options = { pageSize: 50 }
      const stopped = await members({ control, options })
      expect(stopped.end.state).toBe('interrupted')
      const { run } = await members({ options })
      expect(run).toMatchObject({ verdict: 'complete', totals: { rows: truth().size } })
      expect(await rows()).toEqual(truth())
    },
  )

  test('goes through the list again when its page token expires, past the groups it has read', async () => {
    await makeTenant()
    const { simulator } = workspace
    const options = { pageSize: 20 }
    const undisturbed = await members({ options })
    atPage(simulator, 30, () => simulator.control.expirePageTokens())
    const { run, lines } = await members({ options })
    expect(run.verdict).toBe('complete')
    expect(lines('walk_restarted').length).toBeGreaterThan(0)
    expect(await rows()).toEqual(truth())
    // Only groups that were being read, eight at a time, were read again.
    expect(run.totals.pages).toBeLessThan(undisturbed.run.totals.pages + 60)
  })

  test('outlives token expiry, throttling and resets in the middle of the fan-out', async () => {
    await makeTenant()
    const { control } = workspace.simulator
    const match = { path: /\/members/ }
    control.addFault({ match: { ...match, nth: 5 }, effect: { kind: 'status', status: 503 } })
    control.addFault({ match: { ...match, nth: 12 }, effect: { kind: 'reset' } })
    atPage(workspace.simulator, 20, () => control.expireTokens())
    const { run } = await members()
    expect(run.verdict).toBe('complete')
    expect(run.totals.retries).toBeGreaterThan(0)
    expect(await rows()).toEqual(truth())
  })
})

test('users, groups and members in one run of the store are looked up from both sides', async () => {
  await makeTenant()
  const { run } = await runImport(workspace, { collections: ['users', 'groups', 'members'] })
  expect(run.verdict).toBe('complete')
  const composition = await compose({ configPath: workspace.configPath, env: {}, role: 'main' })
  try {
    const { directory, runs } = composition.store
    expect(await directory.countObjects(tenantId, 'member')).toBe(truth().size)
    expect(await directory.countObjects(tenantId, 'group')).toBe(60)
    const edges = [...workspace.simulator.edges()]
    const one = edges.find(({ memberType }) => memberType === 'user')
    const limit = 1_000
    const ofMember = await directory.listGroupsOf({ tenantId, id: one?.memberId ?? '', limit })
    expect(new Set(ofMember)).toEqual(
      new Set(edges.filter(({ memberId }) => memberId === one?.memberId)),
    )
    const ofGroup = await directory.listMembers({ tenantId, id: one?.groupId ?? '', limit })
    expect(new Set(ofGroup)).toEqual(
      new Set(edges.filter(({ groupId }) => groupId === one?.groupId)),
    )
    const known = await runs.listProgress(run.id)
    const verdicts = known.map(
      ({ collection: { collection, verdict } }) => `${collection}: ${verdict ?? ''}`,
    )
    expect(new Set(verdicts)).toEqual(
      new Set(['groups: complete', 'members: complete', 'users: complete']),
    )
  } finally {
    await composition.close()
  }
})
