import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRunControl, type RunStore } from '../../src/imports/index.ts'
import { EvergrantError } from '../../src/kernel/index.ts'
import { compose } from '../../src/server/index.ts'
import { runCommand } from '../support/command.ts'
import { createSkippingClock } from '../support/skipping-clock.ts'
import {
  atPage,
  groundTruth,
  makeWorkspace,
  runImport,
  storedUsers,
  tenantId,
  type Workspace,
} from '../support/workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await makeWorkspace({ users: 400, groups: { count: 30, giantSize: 50 } })
})
afterEach(() => workspace.close())

function deleteUsers(count: number): readonly string[] {
  const ids = [...workspace.simulator.users()].slice(0, count).map((user) => String(user['id']))
  for (const id of ids) workspace.simulator.control.deleteUser(id)
  return ids
}

async function known(id: string): Promise<boolean> {
  const { store, close } = await compose({
    configPath: workspace.configPath,
    env: {},
    role: 'main',
  })
  try {
    return (await store.directory.findObject({ tenantId, kind: 'user', id })) !== undefined
  } finally {
    await close()
  }
}

describe('users that are gone stay in the store', () => {
  let gone: string
  beforeEach(async () => {
    await runImport(workspace)
    gone = deleteUsers(10)[0] ?? ''
  })

  test('after a filtered run', async () => {
    const filter = 'accountEnabled eq true'
    const { run } = await runImport(workspace, { options: { filter } })
    expect(run).toMatchObject({ verdict: 'complete', totals: { deleted: 0 } })
    expect(await known(gone)).toBe(true)
  })

  test('after a run that was stopped', async () => {
    const control = createRunControl()
    atPage(workspace.simulator, 2, () => control.request('stop'))
    expect((await runImport(workspace, { control })).end.state).toBe('interrupted')
    expect(await known(gone)).toBe(true)
  })

  test('after a run whose counts do not agree', async () => {
    const { control } = workspace.simulator
    atPage(workspace.simulator, 2, () => control.setUserCount(450))
    const { run } = await runImport(workspace, {
      before: () => {
        control.addFault({
          match: { path: /\$count/ },
          effect: { kind: 'status', status: 400 },
        })
      },
    })
    expect(run).toMatchObject({ verdict: 'complete_with_drift', totals: { deleted: 0 } })
    expect(await known(gone)).toBe(true)
  })

  test('when they are more than deleteAtMost allows: the log and imports show say so', async () => {
    deleteUsers(60)
    const { run, log } = await runImport(workspace)
    expect(run).toMatchObject({ verdict: 'complete', totals: { deleted: 0 } })
    expect(log.find(({ body }) => body.type === 'deletion_withheld')).toMatchObject({
      level: 'warn',
      body: { collection: 'users', unseen: 70, known: 400, atMost: 0.1 },
    })
    expect(await known(gone)).toBe(true)
    const { out } = await runCommand(['imports', 'show', run.id], { cwd: workspace.folder })
    expect(out).toContain('70 of 400 known rows were not met, more than deleteAtMost (10 %) allows')
    // The operator may allow it, for once.
    const allowed = await runImport(workspace, { options: { deleteAtMost: 0.2 } })
    expect(allowed.run.totals.deleted).toBe(70)
    expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
  })
})

test('users that are gone are marked by the next complete run, told in the log, and revived when they return', async () => {
  await runImport(workspace)
  const gone = deleteUsers(10)[0] ?? ''
  const { run, lines } = await runImport(workspace)
  expect(run).toMatchObject({ verdict: 'complete', totals: { deleted: 10 } })
  expect(lines('rows_deleted')).toEqual([
    { type: 'rows_deleted', collection: 'users', deleted: 10, left: 390 },
  ])
  expect(await known(gone)).toBe(false)
  expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))

  workspace.simulator.control.reset()
  const back = await runImport(workspace)
  expect(back.run).toMatchObject({ verdict: 'complete', totals: { deleted: 0 } })
  expect(await known(gone)).toBe(true)
  expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
})

test('users that no page held, but that are there, are read by their ids and kept', async () => {
  await runImport(workspace)
  const gone = deleteUsers(5)
  atPage(workspace.simulator, 2, () => {
    workspace.simulator.control.reset()
    workspace.simulator.control.deleteUser(gone[0] ?? '')
  })
  const { run, lines } = await runImport(workspace)
  expect(run).toMatchObject({ verdict: 'complete', totals: { deleted: 1 } })
  expect(lines('rows_found_again')).toEqual([
    { type: 'rows_found_again', collection: 'users', found: 4, unlisted: 0 },
  ])
  expect(lines('rows_deleted')).toMatchObject([{ deleted: 1, left: 399 }])
  expect(run.reason).toContain('4 rows that no page held were found by their ids and kept')
  expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
})

test('memberships that are gone are marked like users', async () => {
  const collections = ['members'] as const
  await runImport(workspace, { collections })
  deleteUsers(1)
  const { run, lines } = await runImport(workspace, { collections })
  const left = [...workspace.simulator.edges()].length
  expect(run.verdict).toBe('complete')
  expect(lines('rows_deleted')).toMatchObject([{ collection: 'members', left }])
})

test('a run that dies in the middle of marking goes on when it is resumed', async () => {
  await runImport(workspace)
  deleteUsers(10)
  const steps: number[] = []
  const dying = await runImport(workspace, {
    before: ({ store }) => {
      const { commitPage } = store.runs
      const dies: RunStore['commitPage'] = async (commit) => {
        const outcome = await commitPage(commit)
        if (commit.gone === undefined) return outcome
        steps.push(outcome.deleted)
        // Ends as a kill does: nothing more is recorded.
        throw new EvergrantError('import_interrupted', 'killed')
      }
      Object.assign(store.runs, { commitPage: dies })
    },
  })
  expect(dying.end.state).toBe('interrupted')
  expect(steps).toEqual([10])
  const clock = createSkippingClock()
  clock.skip(31_000)
  const { run, lines } = await runImport(workspace, { clock })
  expect(run).toMatchObject({ id: dying.run.id, verdict: 'complete', totals: { deleted: 10 } })
  expect(lines('rows_deleted')).toMatchObject([{ deleted: 10, left: 390 }])
  expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
})
