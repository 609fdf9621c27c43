import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRunControl, hostFiles, type FilePort } from '../../src/imports/index.ts'
import {
  atPage,
  fileUsers,
  groundTruth,
  makeWorkspace,
  runImport,
  type Workspace,
} from '../support/workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await makeWorkspace({ users: 500 })
})
afterEach(() => workspace.close())

const to = 'ndjson:out'

/** Files that do something else before the n-th page is written. */
function disturbed(page: number, disturb: () => Promise<void>): FilePort {
  let appended = 0
  return {
    ...hostFiles,
    openSegment: async (path) => {
      const file = await hostFiles.openSegment(path)
      const append = async (data: Buffer): Promise<void> => {
        if (++appended === page) await disturb()
        await file.append(data)
      }
      return { ...file, append }
    },
  }
}

const failure = (code: string) => (): Promise<never> =>
  Promise.reject(Object.assign(new Error(code), { code }))

describe('a folder that changes under a run', () => {
  test.each([
    ['EROFS', 'destination_unwritable'],
    ['EIO', 'destination_unwritable'],
    ['ENOSPC', 'destination_full'],
    ['EDQUOT', 'destination_full'],
  ])('and answers %s interrupts it; mended, the run goes on', async (errno, code) => {
    const files = disturbed(3, failure(errno))
    const first = await runImport(workspace, { to, files })
    expect(first.run).toMatchObject({ state: 'interrupted', problem: { code } })
    expect(await hostFiles.sizeOf(workspace.path('out/users.ndjson'))).toBeUndefined()
    const second = await runImport(workspace, { to })
    expect(second.run).toMatchObject({
      id: first.run.id,
      verdict: 'complete',
      totals: { rows: 500 },
    })
    expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(
      groundTruth(workspace.simulator),
    )
  })

  test('and vanishes publishes nothing, and says so; then a new run begins', async () => {
    const files = disturbed(3, () => rm(workspace.path('out'), { recursive: true }))
    const first = await runImport(workspace, { to, files })
    expect(first.run).toMatchObject({
      state: 'interrupted',
      problem: { code: 'destination_unwritable' },
    })
    const second = await runImport(workspace, { to })
    expect(second.run).toMatchObject({ state: 'failed', problem: { code: 'destination_changed' } })
    expect((await runImport(workspace, { to })).run.verdict).toBe('complete')
    expect(await readdir(workspace.path('out'))).toEqual(['users.ndjson'])
  })

  test('and is moved away takes its rows along; no half file appears in either place', async () => {
    const move = (): Promise<void> => rename(workspace.path('out'), workspace.path('moved'))
    const { run } = await runImport(workspace, { to, files: disturbed(3, move) })
    expect(run).toMatchObject({ state: 'interrupted', problem: { code: 'destination_unwritable' } })
    expect(await readdir(workspace.path('moved'))).toEqual([`.evergrant-${run.id}`])
    await rename(workspace.path('moved'), workspace.path('out'))
    const second = await runImport(workspace, { to })
    expect(second.run).toMatchObject({ id: run.id, verdict: 'complete' })
  })
})

test('a link to a folder is followed, and a link in the snapshot’s place is replaced', async () => {
  await mkdir(workspace.path('real'))
  await writeFile(workspace.path('precious'), 'mine')
  await symlink(workspace.path('real'), workspace.path('out'))
  await symlink(workspace.path('precious'), workspace.path('real/users.ndjson'))
  const { run } = await runImport(workspace, { to })
  expect(run.verdict).toBe('complete')
  expect(await readFile(workspace.path('precious'), 'utf8')).toBe('mine')
  expect((await fileUsers(workspace.path('real/users.ndjson'))).size).toBe(500)
})

test('a folder in the snapshot’s place is refused before anything is read', async () => {
  await mkdir(workspace.path('out/users.ndjson'), { recursive: true })
  await expect(runImport(workspace, { to })).rejects.toMatchObject({
    code: 'destination_unwritable',
    detail: expect.stringContaining('users.ndjson') as string,
  })
})

test('two imports to one folder each publish a whole snapshot; the later one stays', async () => {
  const runs = await Promise.all(['a', 'b', 'c'].map((name) => runImport(workspace, { to, name })))
  for (const { run } of runs) expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
  expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(
    groundTruth(workspace.simulator),
  )
  expect(await readdir(workspace.path('out'))).toEqual(['users.ndjson'])
})

test('a run stopped while it publishes partially keeps what is published apart from what it writes', async () => {
  const control = createRunControl()
  atPage(workspace.simulator, 2, () => control.request('stop'))
  const options = { publish: 'partial' } as const
  const first = await runImport(workspace, { control, to, options })
  const published = await readFile(workspace.path('out/users.ndjson'), 'utf8')
  expect(published.split('\n').length - 1).toBe(first.run.totals.rows)
  const second = await runImport(workspace, { to, options, files: disturbed(2, failure('EIO')) })
  expect(second.run.state).toBe('interrupted')
})
