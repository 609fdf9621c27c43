import { readdir, readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  createRunControl,
  driveRun,
  prepareRun,
  type TargetDatabase,
  type TargetOpener,
} from '../../src/imports/index.ts'
import type { Clock } from '../../src/kernel/index.ts'
import { compose } from '../../src/server/index.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import { createSkippingClock } from '../support/skipping-clock.ts'
import { runCommand } from '../support/command.ts'
import { emptyDatabase, type TestDatabase } from '../support/postgres.ts'
import { expectedRows, postgresRows, sqliteRows, type Snapshot } from '../support/snapshots.ts'
import {
  atPage,
  makeWorkspace,
  requestOf,
  runImport,
  type ImportSetup,
  type Workspace,
} from '../support/workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await makeWorkspace({ users: 450, groups: { count: 20 } })
})
afterEach(() => workspace.close())

/** A database that imports write to. */
interface Target extends Required<Pick<ImportSetup, 'to' | 'env'>> {
  rows(table: string): Promise<Snapshot>
  run(sql: string): Promise<readonly Record<string, unknown>[]>
  dispose(): Promise<void>
}

async function sqliteTarget(): Promise<Target> {
  const file = workspace.path('directory.db')
  return {
    to: 'sqlite:directory.db',
    env: {},
    rows: (table) => sqliteRows(file, table),
    run: async (sql) => {
      const { default: Database } = await import('better-sqlite3')
      const database = new Database(file)
      try {
        const statement = database.prepare<[], Record<string, unknown>>(sql)
        if (statement.reader) return statement.all()
        statement.run()
        return []
      } finally {
        database.close()
      }
    },
    dispose: async () => {},
  }
}

async function postgresTarget(): Promise<Target> {
  const database: TestDatabase = await emptyDatabase()
  return {
    to: database.url,
    env: { PGPASSWORD: database.password().reveal() },
    rows: (table) => postgresRows(database, table),
    run: (sql) => database.query(sql),
    dispose: () => database.dispose(),
  }
}

describe('a postgres:// address', () => {
  const user = ['import', 'contoso-graph', 'users']

  test.each([
    'postgres://loader:hunter2-planted@127.0.0.1/directory',
    'postgresql://loader@127.0.0.1/directory?password=hunter2-planted',
  ])('with a password is refused without quoting it', async (address) => {
    const { exit, out, note } = await runCommand([...user, '--to', address], {
      cwd: workspace.folder,
    })
    expect(exit).toBe(2)
    expect(note).toContain('PGPASSWORD')
    expect(out + note).not.toContain('hunter2-planted')
  })

  test('that nobody answers is told before a run begins', async () => {
    const server = await startScriptedServer(() => {})
    await server[Symbol.asyncDispose]()
    const to = `postgres://loader@127.0.0.1:${new URL(server.url).port}/directory`
    await expect(runImport(workspace, { to })).rejects.toMatchObject({
      code: 'destination_unreachable',
      definition: { exit: 5 },
    })
  })

  test('is stored and logged without the password, which stands nowhere afterwards', async () => {
    const target = await postgresTarget()
    try {
      const { run, log } = await runImport(workspace, { to: target.to, env: target.env })
      expect(run).toMatchObject({ verdict: 'complete', options: { destination: target.to } })
      const left = [JSON.stringify({ run, log })]
      for (const name of await readdir(workspace.folder)) {
        left.push(await readFile(workspace.path(name), 'latin1'))
      }
      expect(left.join('\n')).not.toContain(target.env['PGPASSWORD'])
    } finally {
      await target.dispose()
    }
  })

  test('whose password is wrong or missing is told so, without the password', async () => {
    const { dispose, to } = await postgresTarget()
    try {
      const wrong = { to, env: { PGPASSWORD: 'hunter2-planted' } }
      const refused = runImport(workspace, wrong).catch((error: unknown) => error)
      const error = (await refused) as Error & { code: string; remedy: string }
      expect(error).toMatchObject({ code: 'destination_unwritable' })
      expect(error.remedy).toContain('PGPASSWORD')
      expect(`${error.stack} ${String(error.cause)}`).not.toContain('hunter2-planted')
    } finally {
      await dispose()
    }
  })
})

test('a file that is no database is refused, and left as it is', async () => {
  await writeFile(workspace.path('directory.db'), 'Dear diary, this is not a database at all.')
  await expect(runImport(workspace, { to: 'sqlite:directory.db' })).rejects.toMatchObject({
    code: 'destination_unwritable',
  })
  expect(await readFile(workspace.path('directory.db'), 'utf8')).toContain('Dear diary')
})

describe.each([
  ['sqlite:', sqliteTarget],
  ['postgres://', postgresTarget],
])('tables of %s', (_kind, makeTarget) => {
  let target: Target
  beforeEach(async () => {
    target = await makeTarget()
  })
  afterEach(() => target.dispose())

  const runTo = async (setup: ImportSetup = {}): ReturnType<typeof runImport> =>
    await runImport(workspace, { to: target.to, env: target.env, ...setup })
  const users = (): Snapshot => expectedRows(workspace.simulator, 'users')

  test('are not put where a view stands, or a table of another kind', async () => {
    await target.run('CREATE VIEW users AS SELECT 1 AS id')
    await expect(runTo()).rejects.toMatchObject({
      code: 'destination_unwritable',
      detail: expect.stringContaining('"users" is there, but is no table') as string,
    })
    await target.run('DROP VIEW users')
    await target.run('CREATE TABLE users (id text)')
    await expect(runTo()).rejects.toMatchObject({
      code: 'destination_unwritable',
      detail: expect.stringContaining('no column "tenant_id"') as string,
    })
  })

  test.each([
    ['badge text NOT NULL', 'wants a value for "badge"'],
    ['"accountEnabled" boolean', 'accountEnabled'],
  ])(
    'are refused before anything is read when the rows of a table could not be written: %s',
    async (column, detail) => {
      // SQLite takes a text for any type.
      if (target.to.startsWith('sqlite') && column.includes('boolean')) return
      const key = 'tenant_id text NOT NULL, id text NOT NULL, PRIMARY KEY (tenant_id, id)'
      await target.run(`CREATE TABLE users (${column}, ${key})`)
      await expect(runTo()).rejects.toMatchObject({
        code: 'destination_unwritable',
        detail: expect.stringContaining(detail) as string,
      })
    },
  )

  test('are refused when rows of another table would go with the rows replaced', async () => {
    await runTo()
    await target.run(
      `CREATE TABLE badges (tenant_id text, owner text,
         FOREIGN KEY (tenant_id, owner) REFERENCES users (tenant_id, id) ON DELETE CASCADE)`,
    )
    await target.run(`INSERT INTO badges SELECT tenant_id, id FROM users`)
    await expect(runTo()).rejects.toMatchObject({
      code: 'destination_unwritable',
      detail: expect.stringContaining('"badges"') as string,
    })
    const [left] = await target.run('SELECT count(*) AS n FROM badges')
    expect(Number(left?.['n'])).toBe(450)
  })

  test('change only when a run is complete; stopped and resumed, the run writes each row once', async () => {
    expect((await runTo()).run.verdict).toBe('complete')
    const before = users()
    expect(await target.rows('users')).toEqual(before)

    workspace.simulator.control.setUserCount(520)
    const control = createRunControl()
    atPage(workspace.simulator, 3, () => control.request('stop'))
    const stopped = await runTo({ control })
    expect(stopped.end.state).toBe('interrupted')
    expect(await target.rows('users')).toEqual(before)

    const { run } = await runTo()
    expect(run).toMatchObject({ id: stopped.run.id, verdict: 'complete', totals: { rows: 520 } })
    expect(await target.rows('users')).toEqual(users())
    expect(await target.run('SELECT * FROM _evergrant_cursor')).toEqual([])
  })

  test('hold what was read when a partial snapshot is asked for, and the rest after a resume', async () => {
    const control = createRunControl()
    atPage(workspace.simulator, 3, () => control.request('stop'))
    const options = { publish: 'partial' } as const
    const { run } = await runTo({ control, options })
    expect((await target.rows('users')).size).toBe(run.totals.rows)
    await runTo({ options })
    expect(await target.rows('users')).toEqual(users())
  })

  test('keep the views, columns and rows of other tenants that stand in them', async () => {
    await runTo()
    await target.run('ALTER TABLE users ADD COLUMN note text')
    await target.run('CREATE VIEW names AS SELECT "displayName" FROM users')
    await target.run(`INSERT INTO users (tenant_id, id, note) VALUES ('other', 'u1', 'mine')`)
    await runTo({ options: { columns: { users: ['id', 'displayName', 'faxNumber'] } } })
    expect(await target.run(`SELECT id, note FROM users WHERE tenant_id = 'other'`)).toEqual([
      { id: 'u1', note: 'mine' },
    ])
    expect(await target.run('SELECT count(*) AS n FROM names')).toEqual([{ n: rowCount(451) }])
    const row = await target.run(
      `SELECT mail, "faxNumber" FROM users WHERE tenant_id <> 'other' LIMIT 1`,
    )
    // A column no longer selected is empty, since nobody knows what would stand there.
    expect(row).toEqual([{ mail: null, faxNumber: null }])
  })

  function rowCount(count: number): unknown {
    return target.to.startsWith('sqlite') ? count : String(count)
  }

  test('hold users, groups and members', async () => {
    const collections = ['users', 'groups', 'members'] as const
    const { run } = await runTo({ collections })
    expect(run.verdict).toBe('complete')
    for (const collection of collections) {
      expect(await target.rows(collection)).toEqual(expectedRows(workspace.simulator, collection))
    }
    expect(await target.run('SELECT run_id FROM _evergrant_cursor')).toEqual([])
  })

  test('lose what an abandoned run had staged when the next run begins', async () => {
    const control = createRunControl()
    atPage(workspace.simulator, 3, () => control.request('stop'))
    const { run } = await runTo({ control })
    expect(await target.run('SELECT DISTINCT run_id FROM _evergrant_cursor')).toEqual([
      { run_id: run.id },
    ])
    await runTo({ isFresh: true })
    expect(await target.run('SELECT run_id FROM _evergrant_cursor')).toEqual([])
    expect(await target.rows('users')).toEqual(users())
  })

  test('a commit of the store that was lost is made up for: the cursor beside the rows counts', async () => {
    let writes = 0
    const dying = wrapped((inner) => ({
      ...inner,
      transaction: async (lock, work) => {
        const result = await inner.transaction(lock, work)
        // The rows are safe, but the process dies before its store knows.
        if (lock.startsWith('walk') && ++writes === 2) throw new Error('killed')
        return result
      },
    }))
    const died = await drive(dying)
    expect(died).toMatchObject({ state: 'interrupted', problem: { code: 'internal' } })
    const { run } = await runTo()
    expect(run).toMatchObject({ verdict: 'complete', totals: { rows: 450 } })
    expect(await target.rows('users')).toEqual(users())
  })

  test.each([
    ['writes its second page', 'walk', 2],
    ['publishes', 'publish', 1],
  ])(
    'an owner that stands still before it %s, and wakes when another has finished, changes nothing',
    async (_when, lock, nth) => {
      const stall = stallAt(lock, nth)
      const stalled = drive(stall.wrap)
      await stall.reached
      const clock = createSkippingClock()
      clock.skip(31_000)
      expect((await runTo({ clock })).run.verdict).toBe('complete')
      workspace.simulator.control.setUserCount(460)
      expect((await runTo()).run.verdict).toBe('complete')
      stall.open()
      expect(await stalled).toEqual({
        state: 'interrupted',
        detail: 'another process took the run over',
      })
      expect(await target.rows('users')).toEqual(users())
    },
  )

  test('an owner that wakes while its successor still writes adds no row and moves no cursor', async () => {
    const first = stallAt('walk', 2)
    const second = stallAt('walk', 3)
    const stalled = drive(first.wrap)
    await first.reached
    const clock = createSkippingClock()
    clock.skip(31_000)
    const successor = drive(second.wrap, clock)
    await second.reached
    first.open()
    expect(await stalled).toMatchObject({ state: 'interrupted' })
    const [cursor] = await target.run('SELECT run_id, walk FROM _evergrant_cursor WHERE shard = 0')
    const walk = JSON.parse(String(cursor?.['walk'])) as { readonly rows: number }
    const staging = `_evergrant_users_${String(cursor?.['run_id']).replace(/^run_/, '').replaceAll(/\W/g, '')}`
    const [staged] = await target.run(`SELECT count(*) AS n FROM "${staging}"`)
    expect(Number(staged?.['n'])).toBe(walk.rows)
    second.open()
    expect(await successor).toMatchObject({ state: 'completed', verdict: 'complete' })
    expect(await target.rows('users')).toEqual(users())
  })

  /** A target whose n-th transaction of a kind waits before it begins. */
  function stallAt(
    lock: string,
    nth: number,
  ): {
    readonly wrap: (opener: TargetOpener) => TargetOpener
    readonly reached: Promise<void>
    readonly open: () => void
  } {
    const reached = Promise.withResolvers<void>()
    const opened = Promise.withResolvers<void>()
    let met = 0
    const wrap = wrapped((inner) => ({
      ...inner,
      transaction: async (name, work) => {
        if (name.startsWith(lock) && ++met === nth) {
          reached.resolve()
          await opened.promise
        }
        return await inner.transaction(name, work)
      },
    }))
    return { wrap, reached: reached.promise, open: opened.resolve }
  }

  /** Drives a run whose heart stands still, over a target that a test has its hands in. */
  async function drive(
    wrap: (opener: TargetOpener) => TargetOpener,
    preparing?: Clock,
  ): Promise<Awaited<ReturnType<typeof driveRun>>> {
    const composition = await compose({
      configPath: workspace.configPath,
      env: target.env,
      role: 'bulk',
      ...(preparing === undefined ? {} : { clock: preparing }),
    })
    try {
      const request = await requestOf(composition, workspace, { to: target.to })
      const { run, instanceId } = await prepareRun(composition.desk, request)
      const means = composition.driving('contoso-graph')
      const clock = { ...composition.clock, schedule: () => () => {} }
      return await driveRun({ ...means, clock, targets: wrap(means.targets) }, run, instanceId)
    } finally {
      await composition.close()
    }
  }

  function wrapped(
    wrap: (inner: TargetDatabase) => TargetDatabase,
  ): (opener: TargetOpener) => TargetOpener {
    return (opener) => ({ open: async (...args) => wrap(await opener.open(...args)) })
  }
})
