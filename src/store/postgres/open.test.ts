import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { aRing, aRun, aVault } from '../../../test/contract/builders.ts'
import { emptyDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { EvergrantError, Secret, systemClock } from '../../kernel/index.ts'
import { migratePostgresStore, openPostgresStore, type MigrationReport } from '../index.ts'
import type { Store } from '../store.ts'
import { migrations, type Migration } from './migrations.ts'
import type { OpenPostgresStoreOptions } from './open.ts'

let database: TestDatabase
const opened: Store[] = []
const open = async (over: Partial<OpenPostgresStoreOptions> = {}): Promise<Store> => {
  const { url, password } = database
  const common = { url, password, vault: aVault(), clock: systemClock, role: 'main' } as const
  const store = await openPostgresStore({ ...common, ...over })
  opened.push(store)
  return store
}
const migrate = async (steps = migrations, vault = aVault()): Promise<MigrationReport> => {
  const { url, password } = database
  return await migratePostgresStore({ url, password, vault, migrations: steps })
}
const step = (version: number, sql: string, isBreaking: boolean): Migration => ({
  version,
  sql,
  since: `${version}.0.0`,
  isBreaking,
})
const newest = migrations.at(-1)?.version ?? 0
const expand = step(newest + 1, 'ALTER TABLE evergrant.grants ADD COLUMN later text', false)
const contract = step(newest + 2, 'ALTER TABLE evergrant.grants DROP COLUMN last_failure', true)
/** All that stands in the database, as text. */
const content = async (): Promise<string> => {
  const tables = await database.query(
    `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  )
  const facts = tables.some(({ name }) => name === 'evergrant.store_facts')
    ? await database.query('SELECT * FROM evergrant.store_facts ORDER BY name')
    : []
  return JSON.stringify([tables, facts])
}

beforeEach(async () => {
  database = await emptyDatabase()
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  await database.dispose()
})

describe('opening a store refuses', () => {
  it('a database without tables, naming the command that makes them', async () => {
    const refusal = await open().catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'schema_outdated' })
    expect((refusal as { readonly remedy: string }).remedy).toContain('evergrant migrate')
    expect(await content()).toBe('[[],[]]')
  })

  it('an outdated schema', async () => {
    await migrate()
    const refusal = open({ migrations: [...migrations, expand] })
    await expect(refusal).rejects.toMatchObject({ code: 'schema_outdated' })
  })

  it('a newer breaking schema, naming the Evergrant it needs', async () => {
    await migrate([...migrations, expand, contract])
    const refusal = await open().catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'schema_too_new' })
    expect(String(refusal)).toContain(contract.since)
    await expect(migrate()).rejects.toMatchObject({ code: 'schema_too_new' })
  })

  it('the wrong key, changing nothing, and so does migrating', async () => {
    await migrate()
    const before = await content()
    await expect(open({ vault: aVault(2) })).rejects.toMatchObject({ code: 'key_wrong' })
    const migrating = migrate([...migrations, expand], aVault(2))
    await expect(migrating).rejects.toMatchObject({ code: 'key_wrong' })
    expect(await content()).toBe(before)
  })

  it("another program's schema of the same name, changing nothing", async () => {
    await database.query('CREATE SCHEMA evergrant CREATE TABLE bookmarks (url text)')
    const before = await content()
    await expect(open()).rejects.toMatchObject({ code: 'store_foreign' })
    await expect(migrate()).rejects.toMatchObject({ code: 'store_foreign' })
    expect(await content()).toBe(before)
  })

  it('a wrong password, a database and a user there are not, and never tells the password', async () => {
    const password = (): Secret => new Secret('planted-secret')
    const attempts = await Promise.allSettled([
      open({ password }),
      open({ url: database.url.replace(/[^/]+$/, 'nowhere') }),
      open({ url: database.url.replace('postgres@', 'nobody@') }),
    ])
    for (const attempt of attempts) {
      const refusal: unknown = attempt.status === 'rejected' ? attempt.reason : undefined
      expect(refusal).toMatchObject({ code: 'store_refused' })
      expect(inspect(refusal, { depth: 9, showHidden: true })).not.toContain('planted')
    }
  })

  it('a password that cannot be read, as what could not be read', async () => {
    const password = async (): Promise<Secret> => {
      throw new EvergrantError('secret_unavailable', 'the variable is not set')
    }
    await expect(open({ password })).rejects.toMatchObject({ code: 'secret_unavailable' })
    // The server is not left waiting for a password.
    await vi.waitFor(async () => {
      const sql =
        "SELECT FROM pg_stat_activity WHERE state IS NULL AND backend_type = 'client backend'"
      expect(await database.query(sql)).toHaveLength(0)
    })
  })

  it('a server that is not there', async () => {
    const refusal = open({ url: 'postgres://postgres@127.0.0.1:1/evergrant' })
    await expect(refusal).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  it('a server without TLS when TLS is asked for', async () => {
    const refusal = open({ url: `${database.url}?sslmode=verify-full` })
    await expect(refusal).rejects.toMatchObject({ code: 'store_refused' })
  })

  it('a database that may only be read', async () => {
    await migrate()
    const name = database.url.split('/').at(-1) ?? ''
    await database.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    await expect(open()).rejects.toMatchObject({ code: 'store_unwritable' })
  })
})

describe('migrating', () => {
  it('tells what it did, and does nothing the second time', async () => {
    expect(await migrate()).toMatchObject({
      from: 0,
      to: newest,
      steps: migrations.map(({ version }) => ({ version })),
    })
    const before = await content()
    expect(await migrate()).toMatchObject({ from: newest, to: newest, steps: [] })
    expect(await content()).toBe(before)
  })

  it('does everything once when several do it at once', async () => {
    const reports = await Promise.all([migrate(), migrate(), migrate()])
    expect(reports.flatMap(({ steps }) => steps)).toHaveLength(migrations.length)
    expect(new Set(reports.map(({ to }) => to))).toEqual(new Set([newest]))
  })

  it('changes nothing when a step fails half-way', async () => {
    await migrate()
    const before = await content()
    const broken = step(newest + 1, 'CREATE TABLE evergrant.x (a int); SELECT * FROM nowhere', true)
    await expect(migrate([...migrations, broken])).rejects.toMatchObject({ code: 'internal' })
    expect(await content()).toBe(before)
  })

  it('shares the database with other programs and leaves their tables alone', async () => {
    await database.query('CREATE TABLE public.grants (mine text)')
    await migrate()
    await open()
    expect(await database.query('SELECT * FROM public.grants')).toEqual([])
  })

  it('lets nodes of two releases work side by side across an expanding step', async () => {
    await migrate()
    const older = await open()
    const address = { connection: 'c', tenant: 't' }
    const { id } = await older.grants.ensureGrant(address, 1)
    expect(await migrate([...migrations, expand])).toMatchObject({
      from: newest,
      to: newest + 1,
      steps: [{ isBreaking: false }],
    })
    const newer = await open({ migrations: [...migrations, expand] })
    const olderToo = await open()
    expect((await newer.grants.findGrant(address))?.id).toBe(id)
    const made = await newer.grants.ensureGrant({ ...address, tenant: 'u' }, 2)
    expect(await older.grants.getGrant(made.id)).toEqual(made)
    await olderToo.grants.setGrantState(id, 'active', 3)
    expect((await newer.grants.getGrant(id))?.state).toBe('active')

    await migrate([...migrations, expand, contract])
    await expect(open()).rejects.toMatchObject({ code: 'schema_too_new' })
    await expect(open({ migrations: [...migrations, expand] })).rejects.toMatchObject({
      code: 'schema_too_new',
    })
  })

  it('goes on while nodes write', async () => {
    await migrate()
    const store = await open()
    const migrating = new AbortController()
    const writing = (async () => {
      let written = 0
      for (; !migrating.signal.aborted; written++) {
        await store.grants.ensureGrant({ connection: 'c', tenant: `${written}` }, written)
      }
      return written
    })()
    await migrate([...migrations, expand])
    migrating.abort()
    // The last write may be under way still.
    const written = await writing
    expect(await store.grants.listGrants({ limit: 1_000 })).toHaveLength(written)
  })
})

describe('an open store', () => {
  it('names its place without a password and says when it is closed', async () => {
    await migrate()
    const store = await open()
    expect(store.kind).toBe('postgres')
    expect(store.place).toBe(database.url)
    await store.checkpoint()
    await store.close()
    await store.close()
    const attempt = store.runs.listRuns({ limit: 1 })
    await expect(attempt).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  it('takes up a password that has changed', async () => {
    await migrate()
    const role = `login_${crypto.randomUUID().replaceAll('-', '')}`
    await database.query(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'first'`)
    let current = 'first'
    const url = database.url.replace('postgres@', `${role}@`)
    const store = await open({ url, password: () => new Secret(current) })
    await database.query(`ALTER ROLE ${role} PASSWORD 'second'`)
    current = 'second'
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`,
    )
    await expect(store.runs.listRuns({ limit: 1 })).resolves.toEqual([])
    await store.close()
    await database.query(`DROP ROLE ${role}`)
  })

  it('shows imported people under the names Graph gives', async () => {
    await migrate()
    const store = await open({ vault: aRing('k1') })
    await aRun(store)
    expect(await database.query('SELECT "displayName" FROM evergrant.users')).toEqual([])
  })
})
