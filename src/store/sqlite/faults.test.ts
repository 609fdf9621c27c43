import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  aClaim,
  aPage,
  aRun,
  aSavedToken,
  aSlot,
  aSuccess,
  aToken,
  aVault,
  aWalk,
  createEagerClock,
  rowsNamed,
  tenantId,
} from '../../../test/contract/builders.ts'
import type { TokenSlotKey } from '../../grants/index.ts'
import { createManualClock, Secret } from '../../kernel/index.ts'
import { openSqliteStore } from '../index.ts'
import type { Store } from '../store.ts'
import type { OpenSqliteStoreOptions } from './open.ts'

let folder: string
let path: string
const opened: { close(): unknown }[] = []
const open = async (over: Partial<OpenSqliteStoreOptions> = {}): Promise<Store> => {
  const clock = createEagerClock()
  const store = await openSqliteStore({ path, vault: aVault(), clock, role: 'main', ...over })
  opened.push(store)
  // What opening wrote belongs to a turn of the loop that is over.
  await nextTurn()
  return store
}
const lockFile = (): Database.Database => {
  const other = new Database(path)
  opened.push(other)
  return other.exec('BEGIN IMMEDIATE')
}
const key = { connection: 'c', tenant: 't' }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-faults-'))
  path = join(folder, 'store.db')
})
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
  rmSync(folder, { recursive: true })
})

describe('a full disk', () => {
  it('ends a page with store_full, keeps every page before it whole, and goes on with room', async () => {
    await (await open()).close()
    const small = await open({ role: 'bulk', pageLimit: 400 })
    const run = await aRun(small)
    let pages = 0
    const commit = async (store: Store): Promise<void> => {
      const walk = aWalk(run, { pages: pages + 1, rows: (pages + 1) * 300 })
      await store.runs.commitPage({ ...aPage(run, rowsNamed('x'.repeat(400), 300)), walks: [walk] })
      pages += 1
    }
    const fill = async (): Promise<void> => {
      for (;;) await commit(small)
    }
    await expect(fill()).rejects.toMatchObject({ code: 'store_full' })
    expect(pages).toBeGreaterThan(1)
    expect(await small.directory.countObjects(tenantId, 'user')).toBe(pages * 300)
    await expect(commit(small)).rejects.toMatchObject({ code: 'store_full' })
    await small.close()

    const roomy = await open({ role: 'bulk' })
    expect(await roomy.runs.countSeen(tenantId, 'user', run.sequence)).toBe(pages * 300)
    expect((await roomy.runs.listProgress(run.id))[0]?.walks[0]?.pages).toBe(pages)
    await commit(roomy)
    expect(await roomy.directory.countObjects(tenantId, 'user')).toBe(pages * 300)
  })
})

describe('a disk that is full when an exchange is committed', () => {
  it('ends the commit with store_full and leaves the journal open, until there is room', async () => {
    const store = await open()
    const refresh = { secret: new Secret('refresh 1') }
    const { id } = await store.grants.addCandidate({ ...key, subject: '' }, refresh, 1)
    const slot = aSlot(id)
    const redemption = { refreshVersion: 1, isExclusive: true }
    await store.grants.beginExchange(aClaim(slot, 'a', { redemption }))
    const database = new Database(path)
    opened.push(database)
    const pageLimit = database.pragma('page_count', { simple: true }) as number

    const success = aSuccess(slot, 'a', {
      token: aToken('x'.repeat(200_000)),
      redemption: { refreshVersion: 1, refreshToken: new Secret('refresh 2') },
    })
    const small = await open({ pageLimit })
    const attempt = small.grants.commitExchange(success)
    await expect(attempt).rejects.toMatchObject({ code: 'store_full' })
    const view = await small.grants.viewForRenewal(slot)
    expect(view?.intent).toMatchObject({ attemptId: 'a' })
    expect(view?.refreshToken?.reveal()).toBe('refresh 1')
    expect(view?.slot).toMatchObject({ version: 0, flight: { attemptId: 'a' } })

    const saved = { token: 'saved', refreshToken: 'saved' }
    expect(await store.grants.commitExchange(success)).toMatchObject(saved)
    expect(await small.grants.viewForRenewal(slot)).not.toHaveProperty('intent')
  })
})

describe('a lock that another process holds', () => {
  it('gives store_busy at the deadline and not before', async () => {
    const clock = createManualClock()
    const store = await open({ clock, busyDeadlineMs: 1_000 })
    lockFile()
    let outcome: unknown
    const attempt = store.grants.ensureGrant(key, 1).catch((error: unknown) => {
      outcome = error
    })
    await clock.advance(900)
    expect(outcome).toBeUndefined()
    await clock.advance(200)
    await attempt
    expect(outcome).toMatchObject({ code: 'store_busy' })
    expect(String(outcome)).toContain(path)
  })

  it('is waited for without blocking, and what was asked happens once it is gone', async () => {
    const clock = createManualClock()
    const store = await open({ clock })
    const other = lockFile()
    const attempt = store.grants.ensureGrant(key, 1)
    await clock.advance(500)
    other.exec('ROLLBACK')
    await clock.advance(50)
    expect((await attempt).state).toBe('pending')
  })

  it('does not keep anyone from reading', async () => {
    const store = await open()
    lockFile()
    expect(await store.grants.findGrant(key)).toBeUndefined()
  })
})

describe('a bulk writer', () => {
  it('leaves the write lock alone for 5 ms after a commit', async () => {
    const clock = createManualClock()
    const store = await open({ clock, role: 'bulk' })
    await clock.advance(5)
    await store.grants.ensureGrant(key, 1)
    const next = store.grants.ensureGrant({ ...key, tenant: 'u' }, 1)
    await clock.advance(4)
    const reader = await open()
    expect(await reader.grants.listGrants({ limit: 5 })).toHaveLength(1)
    await clock.advance(1)
    await next
    expect(await reader.grants.listGrants({ limit: 5 })).toHaveLength(2)
  })

  it('keeps the log from growing without bound while others read', async () => {
    const store = await open({ role: 'bulk' })
    const reader = await open()
    const run = await aRun(store)
    let largest = 0
    for (let page = 0; page < 70; page++) {
      await store.runs.commitPage(aPage(run, rowsNamed('x'.repeat(900), 999)))
      await reader.directory.countObjects(tenantId, 'user')
      largest = Math.max(largest, statSync(`${path}-wal`).size)
    }
    expect(statSync(path).size).toBeGreaterThan(48 * 1_048_576)
    expect(largest).toBeLessThan(40 * 1_048_576)
  })

  it('empties the log on request', async () => {
    const store = await open({ role: 'bulk' })
    await aRun(store)
    await store.checkpoint()
    expect(statSync(`${path}-wal`).size).toBe(0)
  })
})

describe('a process that is killed in the middle of a transaction', () => {
  it('leaves the last committed page intact and nothing of the next', async () => {
    const writer = join(import.meta.dirname, '../../../test/contract/killed-writer.ts')
    const signal = await new Promise((resolve) => {
      const child = execFile(process.execPath, [writer, path], () => {})
      child.on('exit', (_, by) => resolve(by))
    })
    expect(signal).toBe('SIGKILL')
    const store = await open()
    const run = await store.runs.findOpenRun('directory')
    const [known] = await store.runs.listProgress(run?.id ?? '')
    expect(known?.walks[0]).toMatchObject({ pages: 2, rows: 200, nextUrl: 'page 3' })
    expect(await store.directory.countObjects(tenantId, 'user')).toBe(200)
    expect(await store.runs.countSeen(tenantId, 'user', run?.sequence ?? 0)).toBe(200)
    expect(await store.runs.readLog(run?.id ?? '', 0, 9)).toHaveLength(2)
    const database = new Database(path)
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok')
    database.close()
  })
})

describe('a process that is killed while it redeems a refresh token', () => {
  const killed = async (
    when: 'before' | 'during' | 'after',
  ): Promise<{ readonly store: Store; readonly slot: TokenSlotKey }> => {
    const script = join(import.meta.dirname, '../../../test/contract/killed-exchange.ts')
    const signal = await new Promise((resolve) => {
      const child = execFile(process.execPath, [script, path, when], () => {})
      child.on('exit', (_, by) => resolve(by))
    })
    expect(signal).toBe('SIGKILL')
    const store = await open()
    const grant = await store.grants.findGrant({ connection: 'csp', tenant: 't' })
    return { store, slot: aSlot(grant?.id ?? '') }
  }

  it.each(['before', 'during'] as const)(
    'leaves the intent, so that nobody else sends the token: %s the commit',
    async (when) => {
      const { store, slot } = await killed(when)
      const view = await store.grants.viewForRenewal(slot)
      expect(view?.intent).toMatchObject({ attemptId: 'a', refreshVersion: 1 })
      expect(view?.refreshToken?.reveal()).toBe('refresh 1')
      expect(view?.slot).toMatchObject({ version: 0, flight: { attemptId: 'a' } })
      const redemption = { refreshVersion: 1, isExclusive: true }
      const claim = aClaim(slot, 'b', { displaces: 'a', redemption })
      expect(await store.grants.beginExchange(claim)).toMatchObject({ kind: 'intent_open' })
    },
  )

  it('leaves everything saved once the commit has resolved', async () => {
    const { store, slot } = await killed('after')
    const view = await store.grants.viewForRenewal(slot)
    expect(view).not.toHaveProperty('intent')
    expect(view?.refreshToken?.reveal()).toBe('refresh 2')
    expect(view?.slot?.token?.secret.reveal()).toBe('access')
  })
})

describe('a token', () => {
  it('stands in no file of the store, neither while it is open nor after', async () => {
    const secret = 'planted-secret-7f3a9c'
    const store = await open()
    const grant = await store.grants.ensureGrant(key, 1)
    await aSavedToken(store, aSlot(grant.id), { token: aToken(secret) })
    const hits = (): readonly string[] =>
      readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(secret))
    expect(readdirSync(folder)).toEqual(['store.db', 'store.db-shm', 'store.db-wal'])
    expect(hits()).toEqual([])
    await store.close()
    expect(hits()).toEqual([])
  })

  it('does not open in a slot it was not sealed for', async () => {
    const store = await open()
    const grant = await store.grants.ensureGrant(key, 1)
    const slot = aSlot(grant.id)
    await aSavedToken(store, slot)
    const intruder = new Database(path)
    intruder.exec(`UPDATE token_slots SET target = 'arm'`)
    intruder.close()
    const moved = store.grants.readSlot({ ...slot, target: 'arm' })
    await expect(moved).rejects.toMatchObject({ code: 'unseal_failed' })
  })

  it('of another grant does not open in its place', async () => {
    const store = await open()
    const ids = []
    for (const tenant of ['a', 'b']) {
      const refresh = { secret: new Secret(`refresh ${tenant}`) }
      const grant = await store.grants.addCandidate({ ...key, tenant, subject: '' }, refresh, 1)
      ids.push(grant.id)
    }
    const intruder = new Database(path)
    intruder.exec(`UPDATE grants SET sealed_refresh_token = (SELECT sealed_refresh_token FROM grants
      WHERE tenant = 'a')`)
    intruder.close()
    const moved = store.grants.viewForRenewal(aSlot(ids[1] ?? ''))
    await expect(moved).rejects.toMatchObject({ code: 'unseal_failed' })
  })
})

describe('the view "users"', () => {
  it('shows imported people under the names Graph gives', async () => {
    const store = await open()
    const rows = rowsNamed('Adele', 1)
    await store.runs.commitPage(aPage(await aRun(store), rows))
    const shell = new Database(path)
    expect(shell.prepare('SELECT tenant_id, id, displayName, mail FROM users').all()).toEqual([
      { tenant_id: tenantId, ...rows[0], mail: null },
    ])
    shell.close()
  })
})
