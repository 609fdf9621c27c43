import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  cancelRun,
  createRunControl,
  driveRun,
  hostFiles,
  prepareResume,
  prepareRun,
  type FilePort,
} from '../../src/imports/index.ts'
import { compose, type Composition } from '../../src/server/index.ts'
import { pasteCommand, startCli } from '../support/cli-process.ts'
import {
  atPage,
  fileUsers,
  groundTruth,
  makeWorkspace,
  outcomeOf,
  requestOf,
  runImport,
  storedUsers,
  tenantId,
  type Workspace,
} from '../support/workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await makeWorkspace({ users: 1_000 })
})
afterEach(() => workspace.close())

async function withComposition<T>(use: (composition: Composition) => Promise<T>): Promise<T> {
  const composition = await compose({ configPath: workspace.configPath, env: {}, role: 'bulk' })
  try {
    return await use(composition)
  } finally {
    await composition.close()
  }
}

describe('two runs of one import at once', () => {
  test('are refused: the second is told the id of the first', async () => {
    await withComposition(async (first) => {
      const request = await requestOf(first, workspace)
      const { run } = await prepareRun(first.desk, request)
      const second = runImport(workspace)
      await expect(second).rejects.toMatchObject({
        code: 'import_running',
        detail: expect.stringContaining(run.id) as string,
        definition: { exit: 2 },
      })
    })
  })

  test('started at the same moment leave one winner', async () => {
    const results = await Promise.allSettled([1, 2, 3].map(() => runImport(workspace)))
    const won = results.filter((result) => result.status === 'fulfilled')
    const lost = results.filter((result) => result.status === 'rejected')
    expect(won.length).toBeGreaterThanOrEqual(1)
    for (const { reason } of lost) expect(reason).toMatchObject({ code: 'import_running' })
    expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
  })
})

describe('an interrupted run', () => {
  async function interruptAt(page: number): Promise<string> {
    const control = createRunControl()
    atPage(workspace.simulator, page, () => control.request('stop'))
    const { run } = await runImport(workspace, { control, to: 'ndjson:out' })
    expect(run).toMatchObject({ state: 'interrupted', verdict: 'incomplete' })
    expect(run.totals.pages).toBeLessThan(10)
    return run.id
  }

  test('has finished its page, published nothing, and is resumed by the same command', async () => {
    const id = await interruptAt(4)
    await expect(stat(workspace.path('out/users.ndjson'))).rejects.toMatchObject({ code: 'ENOENT' })
    const { run, lines } = await runImport(workspace, { to: 'ndjson:out' })
    expect(run).toMatchObject({ id, state: 'completed', verdict: 'complete' })
    expect(lines('run_resumed')).toMatchObject([{ after: 'stopped by the operator' }])
    expect(run.totals.pages).toBe(10)
    expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(
      groundTruth(workspace.simulator),
    )
  })

  test('is resumed by its id with the options it began with', async () => {
    const id = await interruptAt(3)
    await withComposition(async (composition) => {
      const { run, instanceId } = await prepareResume(composition.desk, id)
      const end = await driveRun(composition.driving('contoso-graph'), run, instanceId)
      expect((await outcomeOf(composition, id, end)).run.verdict).toBe('complete')
    })
  })

  test('gives way to a new run when the options differ, and leaves no files behind', async () => {
    const id = await interruptAt(3)
    const { run } = await runImport(workspace, { to: 'ndjson:out', options: { pageSize: 250 } })
    expect(run.id).not.toBe(id)
    await withComposition(async ({ store }) => {
      expect((await store.runs.getRun(id))?.state).toBe('cancelled')
    })
    expect(await hostFiles.list(workspace.path('out'))).toEqual(['users.ndjson'])
  })

  test('gives way to a fresh one when asked to', async () => {
    const id = await interruptAt(3)
    const { run } = await runImport(workspace, { to: 'ndjson:out', isFresh: true })
    expect(run.id).not.toBe(id)
    expect(run.totals.pages).toBe(10)
  })

  test('whose file was altered says so instead of going on', async () => {
    const id = await interruptAt(3)
    const [segment = ''] = await hostFiles.list(workspace.path(`out/.evergrant-${id}`))
    await writeFile(workspace.path(`out/.evergrant-${id}/${segment}`), 'x')
    const { run } = await runImport(workspace, { to: 'ndjson:out' })
    expect(run).toMatchObject({ state: 'failed', problem: { code: 'destination_changed' } })
  })

  test('can be cancelled, and then not resumed', async () => {
    const id = await interruptAt(3)
    await withComposition(async ({ desk }) => {
      expect(await cancelRun(desk, id)).toBe('cancelled')
      expect(await cancelRun(desk, id)).toBe('cancelled')
      await expect(prepareResume(desk, id)).rejects.toMatchObject({ code: 'import_not_resumable' })
    })
    expect(await hostFiles.list(workspace.path('out'))).toEqual([])
  })

  test('publishes what it has when asked to, and goes on from there', async () => {
    const control = createRunControl()
    atPage(workspace.simulator, 4, () => control.request('stop'))
    const options = { publish: 'partial' } as const
    const first = await runImport(workspace, { control, to: 'ndjson:out', options })
    const partial = await fileUsers(workspace.path('out/users.ndjson'))
    expect(partial.size).toBe(first.run.totals.rows)
    await runImport(workspace, { to: 'ndjson:out', options })
    expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(
      groundTruth(workspace.simulator),
    )
  })
})

describe('rows of the store', () => {
  test('belong to one import; another is refused unless it takes them over', async () => {
    await runImport(workspace)
    await expect(runImport(workspace, { name: 'other' })).rejects.toMatchObject({
      code: 'import_owned',
      detail: expect.stringContaining('"contoso-graph"') as string,
    })
    const { run } = await runImport(workspace, { name: 'other', isTakeOver: true })
    expect(run.verdict).toBe('complete')
    await expect(runImport(workspace)).rejects.toMatchObject({ code: 'import_owned' })
  })

  test('are updated by the next run, not doubled', async () => {
    await runImport(workspace)
    const { run } = await runImport(workspace)
    expect(run.verdict).toBe('complete')
    expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
  })
})

describe('no room left', () => {
  test('in the database interrupts the run; with room again it goes on and is complete', async () => {
    const first = await runImport(workspace, { storePageLimit: 170 })
    expect(first.run).toMatchObject({ state: 'interrupted', problem: { code: 'store_full' } })
    const { run } = await runImport(workspace)
    expect(run).toMatchObject({ id: first.run.id, verdict: 'complete', totals: { rows: 1_000 } })
    expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
  })

  test('at the destination interrupts the run; with room again it goes on and is complete', async () => {
    let room = 150_000
    const files: FilePort = {
      ...hostFiles,
      openSegment: async (path) => {
        const file = await hostFiles.openSegment(path)
        return {
          ...file,
          append: async (data) => {
            room -= data.length
            if (room >= 0) return file.append(data)
            throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
          },
        }
      },
    }
    const first = await runImport(workspace, { to: 'ndjson:out', files })
    expect(first.run).toMatchObject({ state: 'interrupted', problem: { code: 'destination_full' } })
    const second = await runImport(workspace, { to: 'ndjson:out' })
    expect(second.run).toMatchObject({ id: first.run.id, verdict: 'complete' })
    expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(
      groundTruth(workspace.simulator),
    )
  })
})

test('a destination below a regular file is refused before a run exists', async () => {
  await writeFile(workspace.path('file'), '')
  await expect(runImport(workspace, { to: 'ndjson:file/out' })).rejects.toMatchObject({
    code: 'destination_unwritable',
  })
  await withComposition(async ({ store }) => {
    expect(await store.runs.listRuns({ limit: 10 })).toEqual([])
  })
})

test('a snapshot folder keeps what is not ours', async () => {
  await mkdir(workspace.path('out'))
  await writeFile(workspace.path('out/notes.txt'), 'mine')
  await runImport(workspace, { to: 'ndjson:out' })
  expect(await readFile(workspace.path('out/notes.txt'), 'utf8')).toBe('mine')
})

test('a tenant named by its domain is keyed by its id', async () => {
  const text = await readFile(workspace.configPath, 'utf8')
  await writeFile(
    workspace.configPath,
    text.replace(`tenant: ${tenantId}`, 'tenant: contoso.example'),
  )
  const { run } = await runImport(workspace)
  expect(run.options.tenantId).toBe(tenantId)
})

describe('the command line', { timeout: 60_000 }, () => {
  test.each([
    [1, 40],
    [4, 400],
  ])(
    'finishes the page at SIGINT (%i cursors), exits 5 and says how to go on; that works',
    async (cursors, latencyMs) => {
      workspace.simulator.control.setLatency(latencyMs)
      const args = ['import', 'contoso-graph', 'users', '--page-size', '50']
      const session = startCli([...args, '--concurrency', String(cursors)], {
        cwd: workspace.folder,
      })
      atPage(workspace.simulator, 5, () => session.kill('SIGINT'))
      const { code, notes } = await session.ended
      expect(code).toBe(5)
      const resume = /go on with: {2}(.+)$/m.exec(notes)?.[1]
      expect(resume).toMatch(/ imports resume run_\S+$/)
      workspace.simulator.control.setLatency(0)
      const second = pasteCommand(resume ?? '', { cwd: workspace.folder })
      const end = await second.ended
      expect(end).toMatchObject({ code: 0, out: expect.stringContaining('complete') as string })
      expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
    },
  )

  test('follows a run of another process to its end', async () => {
    workspace.simulator.control.setLatency(400)
    const args = ['import', 'contoso-graph', 'users', '--page-size', '50', '--json']
    const session = startCli([...args, '--concurrency', '1'], { cwd: workspace.folder })
    await new Promise<void>((resolve) => atPage(workspace.simulator, 3, resolve))
    const list = await startCli(['imports', 'list', '--json'], { cwd: workspace.folder }).ended
    workspace.simulator.control.setLatency(40)
    const [run] = JSON.parse(list.out) as { readonly id: string; readonly state: string }[]
    expect(run?.state).toBe('running')
    const follow = await startCli(['imports', 'log', run?.id ?? '', '--follow', '--json'], {
      cwd: workspace.folder,
    }).ended
    const types = follow.out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly type: string }).type)
    expect(types[0]).toBe('run_started')
    expect(types.at(-1)).toBe('run_completed')
    expect(types.filter((type) => type === 'page_committed')).toHaveLength(20)
    expect((await session.ended).code).toBe(0)
  })

  test('cancels a run of another process after its page', async () => {
    workspace.simulator.control.setLatency(200)
    const args = ['import', 'contoso-graph', 'users', '--page-size', '20', '--json']
    const session = startCli([...args, '--concurrency', '1'], { cwd: workspace.folder })
    await new Promise<void>((resolve) => atPage(workspace.simulator, 3, resolve))
    const list = await startCli(['imports', 'list', '--json'], { cwd: workspace.folder }).ended
    const [run] = JSON.parse(list.out) as { readonly id: string }[]
    await startCli(['imports', 'cancel', run?.id ?? ''], { cwd: workspace.folder }).ended
    const { code, out } = await session.ended
    expect(code).toBe(5)
    expect(JSON.parse(out)).toMatchObject({ state: 'cancelled', verdict: 'incomplete' })
  })
})
