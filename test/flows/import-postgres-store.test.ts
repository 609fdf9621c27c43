import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startCli } from '../support/cli-process.ts'
import { runCommand } from '../support/command.ts'
import { importUnderKills, seededRandom } from '../support/kill-import.ts'
import { emptyDatabase, type TestDatabase } from '../support/postgres.ts'
import {
  atPage,
  groundTruth,
  makeWorkspace,
  storedUsers,
  type Workspace,
  type WorkspaceOptions,
} from '../support/workspace.ts'

let database: TestDatabase
let workspace: Workspace
beforeEach(async () => {
  database = await emptyDatabase()
})
afterEach(async () => {
  await workspace.close()
  await database.dispose()
})

const open = async (options: WorkspaceOptions): Promise<void> => {
  workspace = await makeWorkspace({ latencyMs: 5, tokenLifetimeSeconds: 5, ...options, database })
}

const importArgs = (): readonly string[] => [
  'import',
  'contoso-graph',
  'users',
  '--config',
  workspace.configPath,
  '--page-size',
  '200',
  // So that pages are committed in the order they are read.
  '--concurrency',
  '1',
]

const evergrant = (...args: readonly string[]): ReturnType<typeof runCommand> =>
  runCommand(args, { cwd: workspace.folder })

interface RunJson {
  readonly id: string
  readonly state: string
  readonly verdict: string | null
}

const listRuns = async (): Promise<readonly RunJson[]> =>
  (await evergrant('imports', 'list', '--json')).json() as readonly RunJson[]

/** Starts an import in a process of its own and returns when it has read so many pages. */
async function startedAt(page: number): Promise<ReturnType<typeof startCli>> {
  const reached = new Promise<void>((resolve) => atPage(workspace.simulator, page, resolve))
  const running = startCli(importArgs(), { cwd: workspace.folder })
  await reached
  return running
}

describe('an import into a store on PostgreSQL', () => {
  it('that is killed with SIGKILL again and again equals the tenant in the end', async () => {
    await open({ users: 6_000 })
    const args = ['--page-size', '200', '--json']
    const { kills } = await importUnderKills(workspace, args, 3, 12, seededRandom(7))
    expect(kills).toBeGreaterThan(0)
    expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
    expect(await listRuns()).toMatchObject([{ state: 'completed', verdict: 'complete' }])
  }, 120_000)

  it('is refused to a second process of the same name, and cancelled from there', async () => {
    await open({ users: 40_000, latencyMs: 20 })
    const running = await startedAt(3)
    const second = await evergrant('import', 'contoso-graph', 'users', '--page-size', '200')
    expect(second.exit).toBe(2)
    expect(second.note).toContain('[import_running]')
    const [run] = await listRuns()
    expect(run?.state).toBe('running')
    const cancelled = await evergrant('imports', 'cancel', run?.id ?? '')
    expect(cancelled.exit).toBe(0)
    const { code } = await running.ended
    expect(code).toBe(5)
    expect((await listRuns())[0]?.state).toBe('cancelled')
  }, 60_000)

  it('goes on in another process, which can read its log, when its own is gone', async () => {
    await open({ users: 6_000 })
    const stopped = await startedAt(5)
    stopped.kill('SIGKILL')
    await stopped.ended
    const log = (await evergrant('imports', 'log', (await listRuns())[0]?.id ?? '', '--json')).out
    expect(log).toContain('page_committed')
    const resumed = await evergrant(...importArgs())
    expect(resumed.exit).toBe(0)
    expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
    expect(await listRuns()).toMatchObject([{ state: 'completed', verdict: 'complete' }])
  }, 60_000)
})
