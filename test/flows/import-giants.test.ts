import { readFile } from 'node:fs/promises'
import { afterEach, expect, test } from 'vitest'
import { createRunControl, type PageCommit, type WalkRecord } from '../../src/imports/index.ts'
import { compose, type Composition } from '../../src/server/index.ts'
import { expectedRows, sqliteRows, type Snapshot } from '../support/snapshots.ts'
import {
  makeWorkspace,
  runImport,
  type ImportSetup,
  type Workspace,
  type WorkspaceOptions,
} from '../support/workspace.ts'

let workspace: Workspace
afterEach(() => workspace.close())

/** Small pages, so that few members are many pages. */
const options = { concurrency: 6, pageSize: 20 } as const
const people = [
  { userPrincipalName: "o'mañana#x@contoso.example" },
  { userPrincipalName: '~zed@contoso.example' },
  { userPrincipalName: 'Ødegård_contoso.no#EXT#@contoso.example', userType: 'Guest' },
  { userPrincipalName: '日本@contoso.example' },
  { userPrincipalName: '100%_and^more@contoso.example' },
]

/** A tenant whose first group holds everybody, some groups and a device. */
async function makeTenant(more: Partial<WorkspaceOptions> = {}): Promise<string> {
  const users = 500
  const groups = { count: 12, giantSize: users + people.length + 8 }
  workspace = await makeWorkspace({ users, groups, tenant: { people }, ...more })
  const { simulator } = workspace
  const giant = String([...simulator.groups(undefined, ['id'])][0]?.['id'])
  const device = [...simulator.devices(undefined, ['id'])].at(-1)
  simulator.control.addMember(giant, String(device?.['id']))
  return giant
}

const members = (setup: ImportSetup = {}): ReturnType<typeof runImport> =>
  runImport(workspace, { collections: ['members'], to: 'sqlite:edges.db', options, ...setup })
const rows = (): Promise<Snapshot> => sqliteRows(workspace.path('edges.db'), 'members')
const truth = (): Snapshot => expectedRows(workspace.simulator, 'members')

async function walksOf(runId: string): Promise<readonly WalkRecord[]> {
  const { configPath } = workspace
  const { store, close } = await compose({ configPath, env: {}, role: 'main' })
  const known = await store.runs.listProgress(runId)
  await close()
  return known.flatMap(({ walks }) => walks)
}

/** Calls back with each walk as it is committed. */
function onCommit(then: (walk: WalkRecord) => void): (composition: Composition) => void {
  return ({ store }) => {
    const { commitPage } = store.runs
    Object.assign(store.runs, {
      commitPage: async (commit: PageCommit) => {
        const committed = await commitPage(commit)
        for (const walk of commit.walks) then(walk)
        return committed
      },
    })
  }
}

test('a giant is read by one cursor where Graph refuses filters below casts, and the log says so', async () => {
  const giant = await makeTenant({ filtersMembers: false })
  const { lines, run } = await members()
  expect(lines('group_planned')).toContainEqual(
    expect.objectContaining({
      groupId: giant,
      cursors: 1,
      shards: 1,
      detail: expect.stringContaining('reference property query') as string,
    }),
  )
  expect(run.verdict).toBe('complete')
  expect(await rows()).toEqual(truth())
})

test('a giant is read by one cursor where counts of its types are not that of all', async () => {
  const giant = await makeTenant()
  workspace.simulator.control.addFault({
    match: { path: /microsoft\.graph\.device\/\$count/, times: Infinity },
    effect: { kind: 'status', status: 200, body: '0' },
  })
  const { lines, run } = await members()
  expect(lines('group_planned')).toContainEqual(
    expect.objectContaining({
      groupId: giant,
      cursors: 1,
      detail: expect.stringContaining('its types count') as string,
    }),
  )
  expect(run.verdict).toBe('complete')
  expect(await rows()).toEqual(truth())
})

test('a giant is read by several cursors, whoever is in it', async () => {
  const giant = await makeTenant()
  const { lines, run } = await members()
  expect(run.verdict).toBe('complete')
  expect(await rows()).toEqual(truth())
  expect(lines('group_planned')).toContainEqual(
    expect.objectContaining({ groupId: giant, cursors: 6 }),
  )
  expect(lines('group_compared')).toContainEqual(
    expect.objectContaining({ groupId: giant, outcome: 'agrees' }),
  )
  const walks = (await walksOf(run.id)).filter(({ only }) => only === giant)
  const parts = walks.filter(({ cast }) => cast !== undefined)
  expect(new Set(parts.map(({ cast }) => cast))).toContain('device')
  expect(parts.filter(({ cast }) => cast === 'user').length).toBeGreaterThan(5)
  expect(parts.map(({ label }) => label)).toContain(`group ${giant}: user the rest`)
  expect(walks.every(({ state }) => state === 'finished')).toBe(true)
  const groups = walks.reduce((sum, walk) => sum + (walk.groups ?? 0), 0)
  expect(groups).toBe(1)
})

test('what Graph counts beyond all parts is found by one cursor', async () => {
  const giant = await makeTenant()
  const { control } = workspace.simulator
  // From the second time on, all are one more than the parts: a type that nobody has asked about.
  const total = [...workspace.simulator.edges()].filter(({ groupId }) => groupId === giant).length
  control.addFault({
    match: { path: `/v1.0/groups/${giant}/members/$count`, nth: 3, times: Infinity },
    effect: { kind: 'status', status: 200, body: String(total + 1) },
  })
  const { lines, run } = await members()
  expect(lines('group_compared')).toContainEqual({
    type: 'group_compared',
    collection: 'members',
    groupId: giant,
    outcome: 'fails',
    rows: total,
    count: total + 1,
  })
  const walk = (await walksOf(run.id)).find((one) => one.only === giant && one.cast === undefined)
  expect(walk).toMatchObject({ state: 'finished', groups: 1, split: { hasFailed: true } })
  expect(walk?.rows).toBeGreaterThan(total - 60)
  expect(run.totals.rows).toBe(truth().size)
  expect(run.verdict).toBe('complete')
  expect(await rows()).toEqual(truth())
})

test('members without the text that a giant is cut by are in one part alone', async () => {
  workspace = await makeWorkspace({ users: 20, groups: { count: 420, giantSize: 10 } })
  const { control } = workspace.simulator
  const ids = [...workspace.simulator.groups(undefined, ['id'])].map(({ id }) => String(id))
  const [giant = '', ...others] = ids
  const inGiant = new Set(truth().keys())
  for (const id of others) if (!inGiant.has(`${giant}/${id}`)) control.addMember(giant, id)
  for (const id of others.slice(0, 25)) control.changeGroup(id, { displayName: null })
  const { lines, run } = await members()
  const compared = lines('group_compared').filter(({ groupId }) => groupId === giant)
  expect(compared).toMatchObject([{ outcome: 'agrees' }])
  expect(run.verdict).toBe('complete')
  expect(await rows()).toEqual(truth())
})

test('a part that Graph refuses is read by one cursor, however small it is', async () => {
  const giant = await makeTenant({ users: 1_100, groups: { count: 1, giantSize: 1_101 } })
  const { control } = workspace.simulator
  control.addFault({
    match: { path: /microsoft\.graph\.device\?/, times: Infinity },
    effect: { kind: 'status', status: 400, code: 'Request_UnsupportedQuery' },
  })
  const { lines, run } = await members({ options: { concurrency: 6, pageSize: 50 } })
  const compared = lines('group_compared').filter(({ groupId }) => groupId === giant)
  expect(compared.map(({ outcome }) => outcome)).toEqual(['again', 'again', 'fails'])
  expect(run.verdict).toBe('complete')
  expect(await rows()).toEqual(truth())
})

test('who moves to a part that was read already is found by reading that part again', async () => {
  const giant = await makeTenant()
  const { control } = workspace.simulator
  const rest = control.addFault({
    match: { path: /microsoft\.graph\.user\?\$select=id&.*\$filter=not\(/ },
    effect: { kind: 'hold' },
    when: 'before',
  })
  let moved: string | undefined
  const before = onCommit(({ cast, filter, state }) => {
    const beginning = /^startsWith\(userPrincipalName,'(\w+)'\)/.exec(filter ?? '')?.[1]
    if (moved !== undefined || cast !== 'user' || state !== 'finished') return
    if (beginning === undefined) return
    moved = `${beginning}~zed@contoso.example`
    control.changeUser('~zed@contoso.example', { userPrincipalName: moved })
    rest.release()
  })
  const { lines, run } = await members({ before })
  expect(moved).toBeDefined()
  const outcomes = lines('group_compared').filter(({ groupId }) => groupId === giant)
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['again', 'agrees'])
  expect(run.totals.rows).toBe(truth().size)
  expect(run.verdict).toBe('complete')
  expect(await rows()).toEqual(truth())
})

/** Makes a tenant with one giant that somebody joins within the lag of the index; who, and which. */
async function makeTenantWithNewcomer(): Promise<string> {
  const groups = { count: 1, giantSize: 450 }
  const giant = await makeTenant({ groups, tenant: { people, indexLagMs: 60_000 } })
  const { control } = workspace.simulator
  control.advanceClock(60_000)
  const inGiant = new Set([...workspace.simulator.edges()].map(({ memberId }) => memberId))
  const users = [...workspace.simulator.users(undefined, ['id'])].map(({ id }) => String(id))
  const newcomer = users.find((id) => !inGiant.has(id)) ?? ''
  control.addMember(giant, newcomer)
  return `${giant}/${newcomer}`
}

test('who joined within the lag of the index is seen by the next run, or by one cursor', async () => {
  const key = await makeTenantWithNewcomer()
  const { run } = await members()
  expect(run).toMatchObject({
    verdict: 'complete',
    reason: expect.stringContaining('1 of them in parts') as string,
  })
  const missing = [...truth().keys()].filter((one) => one !== key)
  expect(new Set((await rows()).keys())).toEqual(new Set(missing))
  await members({ options: { ...options, concurrency: 1 } })
  expect(await rows()).toEqual(truth())
  workspace.simulator.control.advanceClock(60_000)
  await members()
  expect(await rows()).toEqual(truth())
})

test('who joined within the lag of the index is seen by a run of changes behind it', async () => {
  const key = await makeTenantWithNewcomer()
  const first = await members()
  expect(first.run.reason).toContain('1 of them in parts')
  expect((await rows()).has(key)).toBe(false)
  const delta = { ...options, delta: true }
  const { lines, run } = await members({ options: delta })
  expect(lines('changes_lost')).toEqual([])
  expect(run.verdict).toBe('complete')
  expect(await rows()).toEqual(truth())
  const again = await members({ options: delta })
  expect(again.run.totals).toMatchObject({ rows: 0, pages: 0 })
})

test('a part whose page token perishes begins anew, and what it brought counts once', async () => {
  const giant = await makeTenant({ groups: { count: 1, giantSize: 500 } })
  // Not by what is committed: all other pages may be on their way by then.
  workspace.simulator.control.addFault({
    match: { path: /microsoft\.graph\.user\?.*skiptoken/, nth: 3, times: 3 },
    effect: { kind: 'status', status: 400, code: 'Directory_ExpiredPageToken' },
  })
  const { lines, run } = await members()
  const begun = lines('walk_restarted').filter(({ shard }) => shard?.includes(': user') === true)
  expect(begun.length).toBeGreaterThan(0)
  const compared = lines('group_compared').filter(({ groupId }) => groupId === giant)
  expect(compared).toMatchObject([{ outcome: 'agrees' }])
  expect(run.verdict).toBe('complete')
  expect(await rows()).toEqual(truth())
})

test('who left a giant is marked as deleted in the store, and nobody else', async () => {
  const giant = await makeTenant({ groups: { count: 3, giantSize: 500 } })
  const first = await members({ to: 'store' })
  expect(first.run).toMatchObject({ verdict: 'complete', totals: { deleted: 0 } })
  const left = [...workspace.simulator.edges()].filter(({ groupId }) => groupId === giant)
  for (const { memberId } of left.slice(3, 6)) {
    workspace.simulator.control.removeMember(giant, memberId)
  }
  const { lines, run } = await members({ to: 'store' })
  expect(run).toMatchObject({ verdict: 'complete', totals: { deleted: 3 } })
  const compared = lines('group_compared').filter(({ groupId }) => groupId === giant)
  expect(compared).toMatchObject([{ outcome: 'agrees', rows: left.length - 3 }])
  expect(await sqliteRows(workspace.path('evergrant.db'), 'members')).toEqual(truth())
})

test('a giant that is deleted while its parts are read is gone, and counts once', async () => {
  const giant = await makeTenant()
  let isDeleted = false
  const before = onCommit(({ cast, only, pages }) => {
    if (isDeleted || only !== giant || cast === undefined || pages === 0) return
    isDeleted = true
    workspace.simulator.control.deleteGroup(giant)
  })
  const { lines, run } = await members({ before })
  expect(isDeleted).toBe(true)
  expect(lines('group_vanished').filter(({ groupId }) => groupId === giant)).toHaveLength(1)
  expect(lines('group_compared').filter(({ groupId }) => groupId === giant)).toEqual([])
  expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
  expect([...(await rows()).keys()].filter((key) => key.startsWith(`${giant}/`))).toEqual([])
})

test('a permission that is withdrawn while parts are read ends the run, and no part is lost', async () => {
  const giant = await makeTenant({ groups: { count: 1, giantSize: 500 } })
  const { control } = workspace.simulator
  let isWithdrawn = false
  const before = onCommit(({ cast, only, pages }) => {
    if (isWithdrawn || only !== giant || cast === undefined || pages === 0) return
    isWithdrawn = true
    const effect = { kind: 'status', status: 403, code: 'Authorization_RequestDenied' } as const
    control.addFault({ match: { path: /\/members/, times: Infinity }, effect })
  })
  const stopped = await members({ before })
  expect(stopped.end).toMatchObject({ state: 'interrupted' })
  expect(stopped.end.problem).toMatchObject({ code: 'graph_permission_missing' })
  control.clearFaults()
  const { lines, run } = await members()
  expect(run).toMatchObject({ id: stopped.run.id, verdict: 'complete' })
  const compared = lines('group_compared').filter(({ groupId }) => groupId === giant)
  expect(compared.map(({ outcome }) => outcome)).not.toContain('fails')
  expect(compared.at(-1)).toMatchObject({ outcome: 'agrees' })
  expect(await rows()).toEqual(truth())
})

test('a giant whose parts are all read when it is stopped is compared when it goes on', async () => {
  const giant = await makeTenant()
  const control = createRunControl()
  let left = 0
  const before = onCommit(({ cast, only, pages, state }) => {
    if (only !== giant || cast === undefined) return
    if (pages === 0) left++
    if (state === 'finished' && --left === 0) control.request('stop')
  })
  const stopped = await members({ before, control })
  expect(stopped.lines('group_compared').filter(({ groupId }) => groupId === giant)).toEqual([])
  const walks = (await walksOf(stopped.run.id)).filter(({ only }) => only === giant)
  expect(walks.filter(({ state }) => state === 'walking')).toMatchObject([{ split: { rounds: 0 } }])
  const { lines, run } = await members()
  expect(run).toMatchObject({ id: stopped.run.id, verdict: 'complete' })
  expect(lines('group_compared')).toContainEqual(
    expect.objectContaining({ groupId: giant, outcome: 'agrees' }),
  )
  expect(await rows()).toEqual(truth())
})

test.each([1, 9, 17])(
  'stopped behind %i pages of its parts a giant is gone on with where each of them stood',
  async (pages) => {
    const giant = await makeTenant()
    const control = createRunControl()
    let read = 0
    const before = onCommit((walk) => {
      if (walk.only !== giant || walk.cast === undefined || walk.pages === 0) return
      if (++read === pages) control.request('stop')
    })
    const stopped = await members({ before, control, to: 'ndjson:out' })
    const open = (await walksOf(stopped.run.id)).filter(({ cast }) => cast !== undefined)
    expect(new Set(open.map(({ state }) => state))).toContain('walking')
    const { lines, run } = await members({ to: 'ndjson:out' })
    expect(run).toMatchObject({ id: stopped.run.id, verdict: 'complete' })
    const compared = lines('group_compared').filter(({ groupId }) => groupId === giant)
    expect(compared).toMatchObject([{ outcome: 'agrees' }])
    // What is read twice counts once: the two pages by which a giant is known.
    expect(run.totals.rows).toBe(truth().size)
    const file = await readFile(workspace.path('out/members.ndjson'), 'utf8')
    const found = file.split('\n').slice(0, -1)
    const known = [...workspace.simulator.edges()].map((edge) => JSON.stringify(edge))
    expect(found.toSorted()).toEqual(known.toSorted())
  },
)
