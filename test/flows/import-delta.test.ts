import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EvergrantError } from '../../src/kernel/index.ts'
import type { Composition } from '../../src/server/index.ts'
import { anOwner } from '../contract/builders.ts'
import { createSkippingClock } from '../support/skipping-clock.ts'
import { expectedRows, sqliteRows } from '../support/snapshots.ts'
import { runCommand } from '../support/command.ts'
import {
  groundTruth,
  makeWorkspace,
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

async function runDelta(setup: ImportSetup = {}): Promise<ImportOutcome> {
  return await runImport(workspace, { ...setup, options: { delta: true, ...setup.options } })
}

let stirred = 0

/** Users come, go, come back and change. */
function stir(): void {
  stirred++
  const { control } = workspace.simulator
  const ids = [...workspace.simulator.users()].map((user) => String(user['id']))
  for (const [i, id] of ids.entries()) {
    if (i % 40 === 0) control.deleteUser(id)
    else if (i % 40 === 1)
      control.changeUser(id, { userPrincipalName: `moved${stirred}.${i}@contoso.example` })
    else if (i % 40 === 2) control.changeUser(id, { department: null })
    else if (i % 40 === 3) {
      control.deleteUser(id)
      control.restoreUser(id)
    }
  }
  for (let i = 0; i < 5; i++)
    control.createUser({ userPrincipalName: `new${stirred}.${i}@contoso.example` })
}

describe('everything is read, and the log says why', () => {
  async function whyEverything(setup: ImportSetup = {}): Promise<string> {
    const { run, lines } = await runDelta(setup)
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    expect(lines('page_committed').length).toBeGreaterThan(3)
    const [lost] = lines('changes_lost')
    return lost?.detail ?? ''
  }

  test('when no run of that name has completed', async () => {
    expect(await whyEverything()).toContain('no run of that name has completed')
  })

  test('of owners, of which Graph is not known to tell', async () => {
    const collections = ['owners'] as const
    await runImport(workspace, { collections })
    const { run, lines } = await runDelta({ collections })
    expect(run.state).toBe('completed')
    expect(lines('changes_lost')).toMatchObject([
      { detail: 'Graph does not tell changes of owners' },
    ])
  })

  test('when the last run took other columns, or wrote elsewhere', async () => {
    await runImport(workspace)
    const columns = { users: ['id', 'displayName'] }
    expect(await whyEverything({ options: { columns } })).toContain('another selection')
    expect(await whyEverything({ to: 'sqlite:directory.db' })).toContain('another destination')
  })

  test('when a column was taken whose changes no delta tells', async () => {
    await workspace.close()
    const permissions = ['User.Read.All', 'AuditLog.Read.All']
    workspace = await makeWorkspace({ users: 400, permissions })
    const columns = { users: ['id', 'displayName', 'signInActivity'] }
    await runImport(workspace, { options: { columns } })
    expect(await whyEverything({ options: { columns } })).toContain('when signInActivity changes')
  })

  test('when another import has written there since', async () => {
    await runImport(workspace)
    await runImport(workspace, { name: 'thief', isTakeOver: true })
    expect(await whyEverything({ isTakeOver: true })).toContain('"thief" has written there since')
  })

  test('when rows have gone from the table since', async () => {
    await runImport(workspace, { to: 'sqlite:directory.db' })
    const { default: Database } = await import('better-sqlite3')
    const database = new Database(workspace.path('directory.db'))
    database.exec('DELETE FROM users WHERE rowid % 2 = 0')
    database.close()
    expect(await whyEverything({ to: 'sqlite:directory.db' })).toMatch(/left 400 rows, but \d+ are/)
    expect(await sqliteRows(workspace.path('directory.db'), 'users')).toEqual(
      expectedRows(workspace.simulator, 'users'),
    )
  })

  test.each(['gone', 'gone_with_location', 'sync_state_not_found', 'steady_state'] as const)(
    'when Graph resets the delta in the style of %s',
    async (style) => {
      await runImport(workspace)
      stir()
      workspace.simulator.control.resetDeltas({ style })
      expect(await whyEverything()).toMatch(/delta/)
      expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
      // The next run begins where that one began.
      stir()
      expect((await runDelta()).lines('changes_applied')).toHaveLength(1)
      expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
    },
  )

  test('when the link is older than a week', async () => {
    await runImport(workspace)
    stir()
    const eightDays = 8 * 86_400_000
    workspace.simulator.control.advanceClock(eightDays)
    const clock = createSkippingClock()
    clock.skip(eightDays)
    expect(await whyEverything({ clock })).toContain('the delta token has expired')
    expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
  })

  test('when more than a tenth has changed', async () => {
    await runImport(workspace)
    const ids = [...workspace.simulator.users()].map((user) => String(user['id']))
    for (const id of ids.slice(0, 101)) {
      workspace.simulator.control.changeUser(id, { department: 'moved' })
    }
    expect(await whyEverything()).toContain('more than 100 objects have changed')
    expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
  })

  test('when more is gone than deleteAtMost allows, which holds for all that the run marks', async () => {
    await runImport(workspace)
    const ids = [...workspace.simulator.users()].map((user) => String(user['id']))
    workspace.simulator.control.setDeltas({ pageSize: 7 })
    for (const id of ids.slice(0, 50)) workspace.simulator.control.deleteUser(id)
    const { lines, run } = await runDelta()
    expect(run.verdict).toBe('complete')
    expect(lines('deletion_withheld')).toMatchObject([{ unseen: 50, known: 400, marked: 35 }])
    expect((await storedUsers(workspace)).size).toBe(365)
  })

  test('by several cursors, which do not try the link again that was just lost', async () => {
    await runImport(workspace)
    const ids = [...workspace.simulator.users()].map((user) => String(user['id']))
    for (const id of ids.slice(0, 101)) {
      workspace.simulator.control.changeUser(id, { department: 'moved' })
    }
    const { lines, run } = await runDelta({ options: { concurrency: 4, pageSize: 20 } })
    expect(lines('changes_begun').map(({ purpose }) => purpose)).toEqual(['since', 'bracket'])
    expect(lines('changes_lost')).toHaveLength(1)
    expect(run.reason).toContain('(more than 100 objects have changed)')
    expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
  })
})

test('changes are read since the last run that completed, however many failed after it', async () => {
  await runImport(workspace)
  const fail = async ({ store }: Composition): Promise<void> => {
    const [{ name, options } = {}] = await store.runs.listRuns({ limit: 1 })
    if (name === undefined || options === undefined) throw new Error('there is no run')
    for (let failed = 0; failed < 60; failed++) {
      const owner = anOwner(`ins_${failed}`)
      const id = `run_failed_${failed}`
      await store.runs.createRun({ id, name, options, owner }, Date.now())
      await store.runs.closeRun(id, owner.instanceId, { state: 'failed' }, [], Date.now())
    }
  }
  stir()
  const { lines } = await runDelta({ before: fail })
  expect(lines('changes_lost')).toEqual([])
  expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
})

test('a delta run brings the store up to date without listing anything, again and again', async () => {
  await runImport(workspace)
  for (const round of [1, 2, 3]) {
    workspace.simulator.control.setDeltas({ pageSize: 10, repeats: round })
    stir()
    const { run, lines } = await runDelta()
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    expect(run.reason).toMatch(/\d+ changed and \d+ gone since .* known rows; \$count was/)
    expect(lines('page_committed')).toEqual([])
    expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
  }
  const { run } = await runDelta()
  expect(run.totals).toMatchObject({ rows: 0, deleted: 0 })
  expect(run.totals.requests).toBeLessThan(5)
})

test('a delta run brings a table up to date', async () => {
  const to = 'sqlite:directory.db'
  await runImport(workspace, { to })
  workspace.simulator.control.setDeltas({ pageSize: 10, repeats: 2 })
  stir()
  const { run, lines } = await runDelta({ to })
  expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
  expect(lines('page_committed')).toEqual([])
  expect(await sqliteRows(workspace.path('directory.db'), 'users')).toEqual(
    expectedRows(workspace.simulator, 'users'),
  )
})

test.each(['store', 'sqlite:directory.db'])(
  'a delta run to %s that dies at any commit goes on where it stood',
  async (to) => {
    await runImport(workspace, { to })
    workspace.simulator.control.setDeltas({ pageSize: 7, repeats: 2 })
    stir()
    let commits = 0
    const dies = ({ store }: Composition): void => {
      const { commitPage } = store.runs
      const dying: typeof commitPage = async (commit) => {
        // The store's commit is lost at times, with the rows safe in the table.
        const killed = new EvergrantError('import_interrupted', 'killed')
        if (commits++ % 2 === 0) throw killed
        await commitPage(commit)
        throw killed
      }
      Object.assign(store.runs, { commitPage: dying })
    }
    const clock = createSkippingClock()
    let { end } = await runDelta({ to, clock, before: dies })
    for (let i = 0; i < 40 && end.state === 'interrupted'; i++) {
      clock.skip(31_000)
      ;({ end } = await runDelta({ to, clock, before: dies }))
    }
    expect(commits).toBeGreaterThan(5)
    expect(end).toMatchObject({ state: 'completed', verdict: 'complete' })
    const [rows, truth] =
      to === 'store'
        ? [await storedUsers(workspace), groundTruth(workspace.simulator)]
        : [
            await sqliteRows(workspace.path('directory.db'), 'users'),
            expectedRows(workspace.simulator, 'users'),
          ]
    expect(rows).toEqual(truth)
  },
)

test('delta is refused for snapshots and with a filter, naming what serves instead', async () => {
  const cwd = workspace.folder
  const files = await runCommand(
    ['import', 'contoso-graph', 'users', '--delta', '--to', 'ndjson:out'],
    { cwd },
  )
  expect(files).toMatchObject({ exit: 2 })
  expect(files.note).toContain('files are snapshots')
  const filter = 'accountEnabled eq true'
  const filtered = await runCommand(
    ['import', 'contoso-graph', 'users', '--delta', '--filter', filter],
    { cwd },
  )
  expect(filtered.exit).toBe(2)
  expect(filtered.note).toContain('no --filter')
})
