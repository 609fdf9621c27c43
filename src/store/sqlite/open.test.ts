import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  aPage,
  aRun,
  aVault,
  createEagerClock,
  rowsNamed,
} from '../../../test/contract/builders.ts'
import { openSqliteStore } from '../index.ts'
import { migrations, type Migration } from './migrations.ts'
import type { OpenSqliteStoreOptions } from './open.ts'
import type { Store } from '../store.ts'

let folder: string
let path: string
const opened: Store[] = []
const open = async (over: Partial<OpenSqliteStoreOptions> = {}): Promise<Store> => {
  const clock = createEagerClock()
  const store = await openSqliteStore({ path, vault: aVault(), clock, role: 'main', ...over })
  opened.push(store)
  return store
}
const makeStoreFile = async (): Promise<void> => {
  const store = await open({ role: 'bulk' })
  await store.runs.commitPage(aPage(await aRun(store), rowsNamed('a', 500)))
  await store.close()
}
const step = (version: number, sql: string, isBreaking: boolean): Migration => ({
  version,
  sql,
  since: `${version}.0.0`,
  isBreaking,
})
/** The number of the first step that does not exist yet. */
const next = (migrations.at(-1)?.version ?? 0) + 1
const files = (): readonly string[] => readdirSync(folder).toSorted()
const mode = (name: string): number => statSync(join(folder, name)).mode & 0o777

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-open-'))
  path = join(folder, 'store.db')
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  rmSync(folder, { recursive: true })
})

describe('opening a store refuses', () => {
  it('a place below a regular file', async () => {
    writeFileSync(path, '')
    const below = join(path, 'store.db')
    await expect(open({ path: below })).rejects.toMatchObject({ code: 'store_unwritable' })
  })

  it('a folder that is not there, naming the file', async () => {
    const missing = join(folder, 'none', 'store.db')
    const refusal = await open({ path: missing }).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'store_unwritable' })
    expect(String(refusal)).toContain(missing)
    expect(files()).toEqual([])
  })

  it('a folder in the place of the file', async () => {
    await expect(open({ path: folder })).rejects.toMatchObject({ code: 'store_unwritable' })
  })

  it('a file that is not a database, leaving it as it is', async () => {
    const text = 'this is a letter to my aunt\n'.repeat(400)
    writeFileSync(path, text)
    await expect(open()).rejects.toMatchObject({ code: 'store_corrupt' })
    expect(readFileSync(path, 'utf8')).toBe(text)
    expect(files()).toEqual(['store.db'])
  })

  it('a database whose first pages are damaged', async () => {
    await makeStoreFile()
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(4_000, 0xa5), 0, 4_000, 100)
    closeSync(file)
    await expect(open()).rejects.toMatchObject({ code: 'store_corrupt' })
  })

  it('a database that was cut off', async () => {
    await makeStoreFile()
    truncateSync(path, 8_192)
    const work = open().then(async (store) => await store.runs.listRuns({ limit: 1 }))
    await expect(work).rejects.toMatchObject({ code: 'store_corrupt' })
  })

  it("another program's database, leaving it as it is", async () => {
    const other = new Database(path)
    other.exec('CREATE TABLE bookmarks (url TEXT)')
    other.close()
    const before = readFileSync(path)
    await expect(open()).rejects.toMatchObject({ code: 'store_foreign' })
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it('the wrong key, leaving file and log byte for byte as they are', async () => {
    const store = await open()
    await aRun(store)
    const copy = join(folder, 'copy.db')
    copyFileSync(path, copy)
    copyFileSync(`${path}-wal`, `${copy}-wal`)
    const before = [readFileSync(copy), readFileSync(`${copy}-wal`)]
    expect(before[1]?.length).toBeGreaterThan(0)
    const newer = [...migrations, step(next, 'CREATE TABLE later (a INTEGER)', true)]
    for (const known of [migrations, newer]) {
      const attempt = open({ path: copy, vault: aVault(2), migrations: known })
      await expect(attempt).rejects.toMatchObject({ code: 'key_wrong' })
      const after = [readFileSync(copy), readFileSync(`${copy}-wal`)]
      expect(after.map((bytes, i) => bytes.equals(before[i] ?? bytes))).toEqual([true, true])
    }
    expect(files().filter((name) => name.includes('backup'))).toEqual([])
  })

  it('a newer breaking schema, naming the Evergrant it needs', async () => {
    const store = await open({ migrations: [...migrations, step(next, 'SELECT 1', true)] })
    await store.close()
    const before = readFileSync(path)
    const refusal = await open().catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'schema_too_new' })
    expect(String(refusal)).toContain(`${next}.0.0`)
    expect(readFileSync(path).equals(before)).toBe(true)
  })
})

describe('opening a store', () => {
  it('accepts a newer schema that breaks nothing', async () => {
    const later = [...migrations, step(next, 'CREATE TABLE later (a INTEGER)', false)]
    await (await open({ migrations: later })).close()
    const store = await open()
    await expect(store.runs.listRuns({ limit: 1 })).resolves.toEqual([])
  })

  it('makes a new store without a backup, also of an empty file', async () => {
    writeFileSync(path, '')
    await (await open()).close()
    expect(files()).toEqual(['store.db'])
  })

  it('makes files that only their owner may read, backups too', async () => {
    await (await open()).close()
    await open({ migrations: [...migrations, step(next, 'SELECT 1', true)] })
    expect(files()).toHaveLength(4)
    expect(files().map(mode)).toEqual([0o600, 0o600, 0o600, 0o600])
  })

  it('makes one store when two processes find none', async () => {
    const [one, two] = await Promise.all([open(), open()])
    const run = await aRun(one)
    expect((await two.runs.getRun(run.id))?.id).toBe(run.id)
  })

  it('lets only one key make a store that two keys try to make at once', async () => {
    const outcomes = await Promise.allSettled([open(), open({ vault: aVault(2) })])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  it('leaves a backup of the old schema beside the file before it migrates', async () => {
    const old = await open()
    const run = await aRun(old)
    await old.close()
    const later = [...migrations, step(next, 'CREATE TABLE later (a INTEGER)', true)]
    const store = await open({ migrations: later })
    expect((await store.runs.getRun(run.id))?.id).toBe(run.id)
    const backup = files().find((name) => name.endsWith('.backup')) ?? ''
    expect(backup).toMatch(new RegExp(`^store\\.db\\.schema-${next - 1}-\\d{4}-`))
    const restored = await open({ path: join(folder, backup) })
    expect((await restored.runs.getRun(run.id))?.id).toBe(run.id)
  })

  it('changes nothing when a migration fails half-way', async () => {
    await makeStoreFile()
    const later = [...migrations, step(next, 'CREATE TABLE later (a); SELECT * FROM nowhere', true)]
    await expect(open({ migrations: later })).rejects.toMatchObject({ code: 'internal' })
    const store = await open()
    expect(await store.runs.listRuns({ limit: 9 })).toHaveLength(1)
    const database = new Database(path)
    expect(
      database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'later'`).get(),
    ).toBeUndefined()
    database.close()
  })

  it('says that a closed store is closed', async () => {
    const store = await open()
    await store.close()
    await store.close()
    const attempt = store.runs.listRuns({ limit: 1 })
    await expect(attempt).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})

it('tells a bulk writer of the gap it leaves, which others need not wait for', async () => {
  expect((await open({ role: 'bulk' })).runs.pauseMs).toBe(5)
  expect((await open({ role: 'main' })).runs.pauseMs).toBe(0)
})
