import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startCli } from '../support/cli-process.ts'
import { runCommand } from '../support/command.ts'
import { importUnderKills, seededRandom } from '../support/kill-import.ts'
import { emptyDatabase, type TestDatabase } from '../support/postgres.ts'
import { expectedRows, postgresRows } from '../support/snapshots.ts'
import {
  atPage,
  groundTruth,
  makeWorkspace,
  runImport,
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

it('changes are as true in a store on PostgreSQL, and in its tables, as in the directory', async () => {
  await open({ users: 400, latencyMs: 0, tokenLifetimeSeconds: 3_600 })
  const target = await emptyDatabase()
  const { control } = workspace.simulator
  const env = { PGPASSWORD: target.password().reveal() }
  const options = { concurrency: 4, pageSize: 20 }
  /** As many go as come, so that counts agree whatever an index knows. */
  const stir = (round: string): void => {
    const ids = [...workspace.simulator.users()].map((user) => String(user['id']))
    for (const [i, id] of ids.slice(0, 20).entries()) {
      if (i % 4 === 0) control.deleteUser(id)
      else if (i % 4 === 1)
        control.createUser({ userPrincipalName: `new${round}.${i}@contoso.example` })
      else if (i % 4 === 2)
        control.changeUser(id, { userPrincipalName: `moved${round}.${i}@contoso.example` })
      else control.changeUser(id, { department: round })
    }
  }
  const both = async (delta: boolean): Promise<readonly (string | undefined)[]> => {
    const reasons: (string | undefined)[] = []
    for (const to of ['store', target.url]) {
      const setup = { to, env, name: to === 'store' ? 'store' : 'tables' }
      const { run } = await runImport(workspace, { ...setup, options: { ...options, delta } })
      expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
      reasons.push(run.reason)
    }
    expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
    expect(await postgresRows(target, 'users')).toEqual(expectedRows(workspace.simulator, 'users'))
    return reasons
  }
  try {
    await both(false)
    control.setIndexLag(3_600_000)
    control.setDeltas({ pageSize: 7, repeats: 2 })
    stir('unheard')
    for (const reason of await both(false)) expect(reason).toMatch(/\d+ changed and \d+ gone since/)
    control.setIndexLag(0)
    stir('later')
    for (const reason of await both(true)) expect(reason).toMatch(/gone since .* known rows/)
  } finally {
    await target.dispose()
  }
}, 60_000)
