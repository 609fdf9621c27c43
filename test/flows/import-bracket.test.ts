import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EvergrantError } from '../../src/kernel/index.ts'
import { driveRun, prepareRun } from '../../src/imports/index.ts'
import { compose, type Composition } from '../../src/server/index.ts'
import { createSkippingClock } from '../support/skipping-clock.ts'
import { expectedRows, sqliteRows } from '../support/snapshots.ts'
import {
  atPage,
  fileUsers,
  groundTruth,
  makeWorkspace,
  outcomeOf,
  requestOf,
  runImport,
  storedUsers,
  type ImportOutcome,
  type ImportSetup,
  type Workspace,
} from '../support/workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await makeWorkspace({ users: 400 })
})
afterEach(() => workspace.close())

const filters = ["startsWith(userPrincipalName,'a')", "not(startsWith(userPrincipalName,'a'))"]

/** Imports users with two cursors, and reads what changed since a link taken before the first page. */
async function runWithTwoCursors(
  setup: ImportSetup & { readonly meanwhile?: (composition: Composition) => void } = {},
): Promise<ImportOutcome> {
  const { columns } = setup.options ?? {}
  const { run: before } = await runImport(workspace, {
    name: 'before',
    ...(columns === undefined ? {} : { options: { columns } }),
  })
  const composition = await compose({
    configPath: workspace.configPath,
    env: {},
    role: 'bulk',
    ...(setup.clock === undefined ? {} : { clock: setup.clock }),
  })
  try {
    const { desk, store } = composition
    const taken = await store.runs.listProgress(before.id)
    const begin = taken[0]?.collection.delta?.begin
    if (begin === undefined) throw new Error('the run before left no link')
    const request = await requestOf(composition, workspace, { isTakeOver: true, ...setup })
    const { run, instanceId, isResumed } = await prepareRun(desk, request)
    const [progress] = await store.runs.listProgress(run.id)
    if (!isResumed && progress !== undefined) {
      const collection = {
        ...progress.collection,
        plan: { cursors: 2, why: 'for this test' },
        countBefore: 400,
        delta: { purpose: 'bracket', state: 'open', begin, pages: 0, changed: 0, gone: 0 },
      } as const
      const walks = filters.map((filter, shard) => ({
        ...({ runId: run.id, collection: 'users', state: 'walking', pages: 0, rows: 0 } as const),
        restarts: 0,
        shard,
        filter,
        label: String(shard),
      }))
      await store.runs.saveProgress({ collection, walks }, instanceId, [], 1)
    }
    setup.meanwhile?.(composition)
    const end = await driveRun(composition.driving('contoso-graph'), run, instanceId, setup.control)
    return await outcomeOf(composition, run.id, end)
  } finally {
    await composition.close()
  }
}

/** Users come, go, change, and move from one cursor's part to the other's. */
function stir(): void {
  const { control } = workspace.simulator
  const ids = [...workspace.simulator.users()].map((user) => String(user['id']))
  for (const [i, id] of ids.entries()) {
    if (i % 40 === 0) control.deleteUser(id)
    else if (i % 40 === 1)
      control.changeUser(id, { userPrincipalName: `a-moved${i}@contoso.example` })
    else if (i % 40 === 2)
      control.changeUser(id, { userPrincipalName: `z-moved${i}@contoso.example` })
    else if (i % 40 === 3) control.changeUser(id, { department: null })
  }
  for (let i = 0; i < 5; i++) control.createUser({ userPrincipalName: `new${i}@contoso.example` })
}

const stirOnce = (): void => atPage(workspace.simulator, 2, stir)

test('what comes, goes, changes and moves between two cursors is in the store when they are done', async () => {
  const { run, lines } = await runWithTwoCursors({ meanwhile: stirOnce })
  expect(run.reason).toContain('35 changed and 10 gone while it was read')
  expect(run.verdict).toBe('complete')
  expect(lines('changes_applied')).toMatchObject([{ changed: 35, gone: 10 }])
  expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
})

test('… and in a file, which holds nothing twice and nobody who is gone', async () => {
  const { run } = await runWithTwoCursors({ to: 'ndjson:out', meanwhile: stirOnce })
  expect(run.verdict).toBe('complete')
  expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(
    groundTruth(workspace.simulator),
  )
})

test('… and in a table', async () => {
  const { run } = await runWithTwoCursors({ to: 'sqlite:directory.db', meanwhile: stirOnce })
  expect(run.verdict).toBe('complete')
  expect(await sqliteRows(workspace.path('directory.db'), 'users')).toEqual(
    expectedRows(workspace.simulator, 'users'),
  )
})

test('who moves is read also where the columns do not tell that somebody has moved', async () => {
  const columns = ['id', 'displayName']
  const setup = { options: { columns: { users: columns } }, to: 'ndjson:out' }
  const { run } = await runWithTwoCursors({ ...setup, meanwhile: stirOnce })
  expect(run.verdict).toBe('complete')
  expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(
    groundTruth(workspace.simulator, columns),
  )
})

describe('what an index had not learned when the cursors began is told by the link of the run before', () => {
  const several = { options: { concurrency: 4, pageSize: 20 } } as const
  const userIds = (): readonly string[] =>
    [...workspace.simulator.users()].map((user) => String(user['id']))

  /** As many go as come, so that the counts agree. */
  function change(): void {
    const { control } = workspace.simulator
    for (const [i, id] of userIds().slice(0, 20).entries()) {
      if (i % 4 === 0) control.deleteUser(id)
      else if (i % 4 === 1) control.createUser({ userPrincipalName: `unheard${i}@contoso.example` })
      else if (i % 4 === 2)
        control.changeUser(id, { userPrincipalName: `moved${i}@contoso.example` })
      else control.changeUser(id, { department: 'unheard of' })
    }
  }

  test.each(['store', 'ndjson:out', 'sqlite:directory.db'])('to %s', async (to) => {
    const first = await runImport(workspace, { ...several, to })
    expect(first.run.reason).toContain('had not learned by then (no run of that name')
    workspace.simulator.control.setIndexLag(3_600_000)
    change()
    const { run, lines } = await runImport(workspace, { ...several, to })
    expect(lines('changes_begun')).toMatchObject([{ purpose: 'bracket', isEarlier: true }])
    expect(run.reason).toMatch(/15 changed and 5 gone since 20/)
    expect(run.verdict).toBe('complete')
    expect(await rowsOf(to)).toEqual(truthOf(to))
  })

  test('unless that is forgotten: then the link of now tells what changes meanwhile', async () => {
    await runImport(workspace, several)
    workspace.simulator.control.resetDeltas({ style: 'gone' })
    const before = (): void => stirOnce()
    const { run, lines } = await runImport(workspace, { ...several, before })
    expect(lines('changes_begun').map(({ isEarlier }) => isEarlier)).toEqual([true, undefined])
    expect(run.verdict).toBe('complete')
    expect(run.reason).toContain('Graph has reset')
    expect(await rowsOf('store')).toEqual(truthOf('store'))
  })

  test('unless that is too much: then the link of now tells what changes meanwhile', async () => {
    await runImport(workspace, several)
    for (const id of userIds().slice(0, 101)) {
      workspace.simulator.control.changeUser(id, { department: 'moved' })
    }
    const { run } = await runImport(workspace, { ...several, before: () => stirOnce() })
    expect(run.verdict).toBe('complete')
    expect(run.reason).toContain('(more than 100 objects have changed')
    expect(await rowsOf('store')).toEqual(truthOf('store'))
    // An hour later an index knows what that run was told, so that its link serves.
    const clock = createSkippingClock()
    clock.skip(3_700_000)
    const { lines } = await runImport(workspace, { ...several, clock })
    expect(lines('changes_begun')).toMatchObject([{ isEarlier: true }])
  })

  test.each(['store', 'sqlite:directory.db'])(
    'also by a run to %s that dies at any commit, before and after the link of before is lost',
    async (to) => {
      await runImport(workspace, { ...several, to })
      workspace.simulator.control.setDeltas({ pageSize: 20 })
      for (const id of userIds().slice(0, 101)) {
        workspace.simulator.control.changeUser(id, { department: 'moved' })
      }
      const { commits, dies } = dying(stirOnce)
      const clock = createSkippingClock()
      const again = (): Promise<ImportOutcome> =>
        runImport(workspace, { ...several, to, clock, before: dies })
      let outcome = await again()
      for (let i = 0; i < 20 && outcome.end.state === 'interrupted'; i++) {
        clock.skip(31_000)
        outcome = await again()
      }
      expect(commits()).toBeGreaterThan(5)
      expect(outcome.end).toMatchObject({ state: 'completed', verdict: 'complete' })
      expect(outcome.run.reason).toContain('more than 100 objects have changed')
      expect(await rowsOf(to)).toEqual(truthOf(to))
    },
  )

  test.each(['store', 'sqlite:directory.db'])(
    'and of a first run to %s, which had none, by one more read of everything an hour later',
    async (to) => {
      workspace.simulator.control.setIndexLag(3_600_000)
      change()
      const first = await runImport(workspace, { ...several, to })
      expect(first.run.verdict).toBe('complete')
      expect(await rowsOf(to)).not.toEqual(truthOf(to))

      workspace.simulator.control.setIndexLag(0)
      const clock = createSkippingClock()
      const options = { ...several.options, delta: true }
      const since = (): Promise<ImportOutcome> => runImport(workspace, { to, clock, options })
      const soon = await since()
      expect(soon.lines('changes_begun')).toMatchObject([{ purpose: 'since' }])
      expect(soon.run.reason).toContain('an hour behind that everything is read once more')
      // The runs between hand on what they have begun with.
      clock.skip(1_800_000)
      expect((await since()).run.reason).toContain('everything is read once more')
      clock.skip(1_900_000)
      const settled = await since()
      expect(settled.lines('changes_lost')).toMatchObject([
        { detail: expect.stringContaining('one more read of everything settles') as string },
      ])
      expect(settled.lines('changes_begun')).toMatchObject([{ isEarlier: true }])
      expect(await rowsOf(to)).toEqual(truthOf(to))
      const after = await since()
      expect(after.lines('changes_begun')).toMatchObject([{ purpose: 'since' }])
      expect(after.run.reason).not.toContain('read once more')
    },
  )

  test('which deletes no more than deleteAtMost allows, both ways together', async () => {
    await runImport(workspace, several)
    const { control } = workspace.simulator
    control.setDeltas({ pageSize: 7 })
    for (const id of userIds().slice(0, 50)) control.deleteUser(id)
    const { lines, run } = await runImport(workspace, several)
    expect(run.verdict).toBe('complete')
    expect(lines('deletion_withheld')).toMatchObject([{ unseen: 50, known: 400, marked: 35 }])
    expect((await storedUsers(workspace)).size).toBe(365)
  })
})

type Rows = ReadonlyMap<string, string>

test('what Graph tells late is waited for where the counts disagree', async () => {
  await workspace.close()
  const clock = createSkippingClock()
  workspace = await makeWorkspace({ users: 400, clock })
  const { control } = workspace.simulator
  control.setDeltas({ lagMs: 10_000 })
  const before = (): void =>
    atPage(workspace.simulator, 15, () => {
      for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
        control.createUser({ userPrincipalName: `${letter}.late@contoso.example` })
      }
    })
  const options = { concurrency: 4, pageSize: 20 }
  const { lines, run } = await runImport(workspace, { options, to: 'ndjson:out', clock, before })
  expect(lines('changes_awaited')).toMatchObject([{ count: 426, waitMs: 15_000 }])
  expect(run.verdict).toBe('complete')
  expect(await rowsOf('ndjson:out')).toEqual(truthOf('ndjson:out'))
})

describe('of a filtered collection', () => {
  const filter = 'accountEnabled eq true'
  const options = { filter }
  const enabled = (): Rows =>
    new Map(
      [...groundTruth(workspace.simulator)].filter(
        ([, row]) => (JSON.parse(row) as { accountEnabled: boolean }).accountEnabled,
      ),
    )

  test('several cursors note where changes begin', async () => {
    const several = { concurrency: 4, pageSize: 20, filter }
    const { lines, run } = await runImport(workspace, { options: several, to: 'ndjson:out' })
    expect(lines('collection_planned')[0]?.cursors).toBe(4)
    expect(lines('changes_applied')).toHaveLength(1)
    expect(run.verdict).toBe('complete')
  })

  test('what moves between two cursors is read when the filter finds it, and nothing else', async () => {
    const { run } = await runWithTwoCursors({ options, to: 'ndjson:out', meanwhile: stirOnce })
    expect(run.reason).toContain('gone while it was read')
    expect(run.verdict).toBe('complete')
    expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(enabled())
  })

  test.each(['ndjson:out', 'sqlite:directory.db'])(
    'what its filter does not find any more is not in %s',
    async (to) => {
      const meanwhile = (): void =>
        atPage(workspace.simulator, 2, () => {
          for (const id of [...enabled().keys()].slice(0, 7)) {
            workspace.simulator.control.changeUser(id, { accountEnabled: false })
          }
        })
      const { run } = await runWithTwoCursors({ options, to, meanwhile })
      expect(run).toMatchObject({ verdict: 'complete' })
      expect(run.reason).toContain('0 changed and 0 gone')
      expect([...(await rowsOf(to)).keys()].toSorted()).toEqual([...enabled().keys()].toSorted())
    },
  )

  test('into the store: who is gone is marked, who only left the filter stays as he was', async () => {
    const [gone = '', left = ''] = enabled().keys()
    const meanwhile = (): void =>
      atPage(workspace.simulator, 2, () => {
        workspace.simulator.control.deleteUser(gone)
        workspace.simulator.control.changeUser(left, { accountEnabled: false })
      })
    const { run } = await runWithTwoCursors({ options, meanwhile })
    expect(run.reason).toContain('0 changed and 1 gone')
    const rows = await storedUsers(workspace)
    expect(rows.has(gone)).toBe(false)
    expect(rows.has(left)).toBe(true)
    expect(rows.size).toBe(399)
  })

  test('changes are not known where Graph refuses to look them up by that filter', async () => {
    const meanwhile = (): void =>
      atPage(workspace.simulator, 2, () => {
        stir()
        workspace.simulator.control.addFault({
          match: { path: /\/users\?.*id(%20|\+)in/, times: Infinity },
          effect: { kind: 'status', status: 400, code: 'Request_UnsupportedQuery' },
        })
      })
    const { run } = await runWithTwoCursors({ options, to: 'ndjson:out', meanwhile })
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete_with_drift' })
    expect(run.reason).toContain('what changed while it was read is not known')
  })
})

async function rowsOf(to: string): Promise<Rows> {
  if (to === 'store') return await storedUsers(workspace)
  if (to.startsWith('ndjson')) return await fileUsers(workspace.path('out/users.ndjson'))
  return await sqliteRows(workspace.path('directory.db'), 'users')
}

function truthOf(to: string): Rows {
  const { simulator } = workspace
  return to.startsWith('sqlite') ? expectedRows(simulator, 'users') : groundTruth(simulator)
}

/** Makes runs die at each of their commits of changes; what the store is told last is lost at times. */
function dying(meanwhile: () => void): {
  readonly commits: () => number
  readonly dies: (composition: Composition) => void
} {
  let commits = 0
  const dies = ({ store: { runs } }: Composition): void => {
    if (commits === 0) meanwhile()
    const { commitPage } = runs
    const killed = new EvergrantError('import_interrupted', 'killed')
    const once: typeof commitPage = async (commit) => {
      const isChange = commit.log.some(({ body }) => body.type === 'changes_committed')
      // The store's commit is lost at times, with the rows safe in another destination.
      if (isChange && commits++ % 2 === 0) throw killed
      const outcome = await commitPage(commit)
      if (isChange) throw killed
      return outcome
    }
    Object.assign(runs, { commitPage: once })
  }
  return { commits: () => commits, dies }
}

test.each(['store', 'ndjson:out', 'sqlite:directory.db'])(
  'a run to %s that dies at any commit of changes goes on where it stood',
  async (to) => {
    workspace.simulator.control.setDeltas({ pageSize: 7, repeats: 2 })
    const { commits, dies } = dying(stirOnce)
    const clock = createSkippingClock()
    const first = await runWithTwoCursors({ to, clock, meanwhile: dies })
    let { end } = first
    for (let i = 0; i < 40 && end.state === 'interrupted'; i++) {
      clock.skip(31_000)
      ;({ end } = await runImport(workspace, { to, clock, isTakeOver: true, before: dies }))
    }
    expect(commits()).toBeGreaterThan(8)
    expect(end).toMatchObject({ state: 'completed', verdict: 'complete' })
    expect(await rowsOf(to)).toEqual(truthOf(to))
  },
)

describe('a run whose changes are not to be had is complete with drift, deletes nothing and says why', () => {
  async function drifted(meanwhile: () => void): Promise<string> {
    const { run, lines } = await runWithTwoCursors({ meanwhile })
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete_with_drift' })
    expect(lines('changes_lost')).toHaveLength(1)
    expect(lines('rows_deleted')).toEqual([])
    return run.reason ?? ''
  }

  test.each(['gone', 'gone_with_location', 'sync_state_not_found', 'steady_state'] as const)(
    'after a reset in the style of %s',
    async (style) => {
      const { control } = workspace.simulator
      expect(await drifted(() => control.resetDeltas({ style }))).toMatch(
        /what changed while it was read is not known: .*(delta|round)/,
      )
    },
  )

  test('when more has changed than is worth reading one by one', async () => {
    const ids = [...workspace.simulator.users()].map((user) => String(user['id']))
    const change = (): void => {
      for (const id of ids.slice(0, 101)) {
        workspace.simulator.control.changeUser(id, { department: 'moved' })
      }
    }
    expect(await drifted(change)).toContain('more than 100 objects have changed')
  })

  test('when more is gone than deleteAtMost allows', async () => {
    const ids = [...workspace.simulator.users()].map((user) => String(user['id']))
    const vanish = (): void =>
      atPage(workspace.simulator, 4, () => {
        for (const id of ids.slice(0, 41)) workspace.simulator.control.deleteUser(id)
      })
    expect(await drifted(vanish)).toMatch(/more than \d+ objects are gone/)
    expect((await storedUsers(workspace)).size).toBe(400)
  })
})
