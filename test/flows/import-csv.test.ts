import { mkdir, readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRunControl, manifestOf } from '../../src/imports/index.ts'
import { runCommand } from '../support/command.ts'
import { csvRows, expectedRows, parseCsv } from '../support/snapshots.ts'
import { atPage, makeWorkspace, runImport, type Workspace } from '../support/workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await makeWorkspace({ users: 450, groups: { count: 20 } })
})
afterEach(() => workspace.close())

const importUsers = ['import', 'contoso-graph', 'users']

describe('options of csv:', () => {
  test.each([
    [['--csv-bom'], '--csv-bom: expected a destination csv:DIR'],
    [['--to', 'ndjson:out', '--csv-no-header'], '--csv-no-header: expected a destination csv:DIR'],
    [['--to', 'csv:out', '--csv-delimiter', ';;'], '--csv-delimiter: expected one character'],
    [['--to', 'csv:out', '--csv-delimiter', '"'], '--csv-delimiter: expected one character'],
  ])('%j are refused', async (args, says) => {
    const { exit, note } = await runCommand([...importUsers, ...args], { cwd: workspace.folder })
    expect(note).toContain(says)
    expect(exit).toBe(2)
  })
})

test('a folder where the file is to stand is refused before anything is read', async () => {
  await mkdir(workspace.path('out/users.csv'), { recursive: true })
  await expect(runImport(workspace, { to: 'csv:out' })).rejects.toMatchObject({
    code: 'destination_unwritable',
  })
})

test('a run that is stopped puts no file in place; resumed, it does, each row once', async () => {
  const control = createRunControl()
  atPage(workspace.simulator, 2, () => control.request('stop'))
  const stopped = await runImport(workspace, { to: 'csv:out', control })
  expect(stopped.end.state).toBe('interrupted')
  await expect(csvRows(workspace.path('out/users.csv'))).rejects.toThrow('ENOENT')
  const { run } = await runImport(workspace, { to: 'csv:out' })
  expect(run).toMatchObject({ id: stopped.run.id, verdict: 'complete', totals: { rows: 450 } })
  expect(await csvRows(workspace.path('out/users.csv'))).toEqual(
    expectedRows(workspace.simulator, 'users'),
  )
})

test('a run shows that it publishes while it does, and no longer', async () => {
  const seen: unknown[] = []
  const { run } = await runImport(workspace, {
    to: 'csv:out',
    before: ({ store: { runs } }) => {
      const { saveProgress } = runs
      runs.saveProgress = async (progress, ...rest) => {
        await saveProgress(progress, ...rest)
        const known = await runs.getRun(progress.collection.runId)
        if (known === undefined) throw new Error('the run vanished')
        const [users] = manifestOf(known, await runs.listProgress(known.id))
        seen.push(users?.state)
      }
    },
  })
  expect(run.verdict).toBe('complete')
  expect(seen.slice(-3)).toEqual(['read', 'publishing', 'read'])
})

test('what was read stands in place when a partial snapshot is asked for', async () => {
  const control = createRunControl()
  atPage(workspace.simulator, 2, () => control.request('stop'))
  const options = { publish: 'partial' } as const
  const { run } = await runImport(workspace, { to: 'csv:out', control, options })
  const rows = await csvRows(workspace.path('out/users.csv'))
  expect(rows.size).toBe(run.totals.rows)
  const all = expectedRows(workspace.simulator, 'users')
  expect([...rows].every(([id, cells]) => all.get(id) === cells)).toBe(true)
})

test('users, groups and members stand in three files, tenant_id first', async () => {
  const collections = ['users', 'groups', 'members'] as const
  const { run } = await runImport(workspace, { to: 'csv:out', collections })
  expect(run).toMatchObject({ verdict: 'complete' })
  for (const collection of collections) {
    const path = workspace.path(`out/${collection}.csv`)
    expect(await csvRows(path)).toEqual(expectedRows(workspace.simulator, collection))
  }
  const members = await readFile(workspace.path('out/members.csv'), 'utf8')
  expect(members.startsWith('tenant_id,groupId,memberId,memberType\r\n')).toBe(true)
})

test('delimiter, byte order mark and the missing header are as asked for', async () => {
  const args = ['--to', 'csv:out', '--select', 'displayName,businessPhones,mail', '--csv-bom']
  const more = ['--csv-delimiter', ';', '--csv-no-header']
  const { exit, note } = await runCommand([...importUsers, ...args, ...more], {
    cwd: workspace.folder,
  })
  expect({ exit, note }).toMatchObject({ exit: 0 })
  const text = await readFile(workspace.path('out/users.csv'), 'utf8')
  expect(text.startsWith('\uFEFF')).toBe(true)
  const records = parseCsv(text.slice(1), ';')
  const truth = workspace.simulator.users(undefined, [
    'id',
    'displayName',
    'businessPhones',
    'mail',
  ])
  const expected = [...truth].map((user) => [
    workspace.simulator.tenant,
    user['id'],
    user['displayName'],
    JSON.stringify(user['businessPhones']),
    user['mail'] ?? null,
  ])
  expect(new Set(records)).toEqual(new Set(expected))
})
