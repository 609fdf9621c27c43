import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aRing, aSlot, createEagerClock } from '../../../test/contract/builders.ts'
import { Secret } from '../../kernel/index.ts'
import { tokenPlace } from '../rows/slot-row.ts'
import { openSqliteStore } from '../index.ts'
import type { Store } from '../store.ts'
import { identitySchema } from './identity.ts'
import { schema1 } from './schema-1.ts'

let folder: string
let path: string
const opened: { close(): unknown }[] = []
const open = async (...keyIds: readonly string[]): Promise<Store> => {
  const vault = aRing(...keyIds)
  const store = await openSqliteStore({ path, vault, clock: createEagerClock(), role: 'main' })
  opened.push(store)
  return store
}

/** A grant as the first release wrote it, with a token sealed by `k1`. */
interface OldGrant {
  readonly id: string
  readonly connection: string
  readonly subject?: string
  readonly state?: string
}

/** Writes the file that the first release would have left. */
function writeOldStore(grants: readonly OldGrant[]): void {
  const vault = aRing('k1')
  const database = new Database(path)
  database.exec(identitySchema)
  database.exec(schema1)
  database.pragma('user_version = 1')
  database.pragma('foreign_keys = ON')
  const setFact = database.prepare('INSERT INTO store_facts VALUES (?, ?)')
  setFact.run('compatible_from', 1)
  setFact.run('needs_evergrant', '0.1.0')
  database.prepare('INSERT INTO seal_checks VALUES (?, ?)').run('k1', vault.sealCheck())
  for (const { id, connection, subject = '', state = 'active' } of grants) {
    database
      .prepare(`INSERT INTO grants VALUES (?, ?, 't', ?, ?, 7, 5, 3, 9, '{"code":"internal"}')`)
      .run(id, connection, subject, state)
    const sealed = vault.seal(new Secret(`token of ${id}`), tokenPlace(aSlot(id)))
    database
      .prepare(
        `INSERT INTO token_slots VALUES (?, 'graph', 'v1', 3, ?, 'Bearer', 10, 9000, 8000, 's',
           '{}', 4000, 9)`,
      )
      .run(id, sealed)
  }
  database.close()
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-schema-2-'))
  path = join(folder, 'store.db')
})
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
  rmSync(folder, { recursive: true })
})

describe('a store of the first release', () => {
  it('keeps its grants, and its tokens open', async () => {
    writeOldStore([
      { id: 'grt_1', connection: 'a' },
      { id: 'grt_2', connection: 'b', state: 'lapsed' },
    ])
    const { grants } = await open('k1')
    expect(await grants.findGrant({ connection: 'a', tenant: 't' })).toEqual({
      id: 'grt_1',
      connection: 'a',
      tenant: 't',
      subject: '',
      standing: 'current',
      state: 'active',
      stateChangedAt: 7,
      createdAt: 5,
      refreshCount: 3,
      lastRefreshedAt: 9,
      lastFailure: { code: 'internal' },
    })
    expect((await grants.getGrant('grt_2'))?.state).toBe('lapsed')
    const slot = await grants.readSlot(aSlot('grt_1'))
    expect(slot).toMatchObject({
      version: 3,
      token: { tokenType: 'Bearer', issuedAt: 10, expiresAt: 9_000, refreshAt: 8_000, scope: 's' },
      claims: '{}',
      blockedUntil: 4_000,
    })
    expect(slot?.token?.secret.reveal()).toBe('token of grt_1')
  })

  it('gives one current grant where several subjects had served, the active one first', async () => {
    writeOldStore([
      { id: 'grt_1', connection: 'a', subject: 'x', state: 'pending' },
      { id: 'grt_2', connection: 'a', subject: 'y' },
      { id: 'grt_3', connection: 'a', subject: 'z', state: 'lapsed' },
    ])
    const { grants } = await open('k1')
    const all = await grants.listGrants({ limit: 9 })
    expect(all.map(({ id, standing }) => [id, standing])).toEqual([
      ['grt_3', 'superseded'],
      ['grt_2', 'current'],
      ['grt_1', 'superseded'],
    ])
    expect(await grants.readSlot(aSlot('grt_1'))).toBeUndefined()
    expect((await grants.readSlot(aSlot('grt_2')))?.token?.secret.reveal()).toBe('token of grt_2')
  })

  it('is sealed anew with a key that comes with the new release', async () => {
    writeOldStore([{ id: 'grt_1', connection: 'a' }])
    const store = await open('k22', 'k1')
    expect(await store.keys.countByKey()).toEqual(new Map([['k1', 1]]))
    expect(await store.keys.sealingKey()).toBe('k22')
    expect(await store.keys.reseal(undefined, 9)).toMatchObject({ resealed: 1 })
    await store.keys.forgetKey('k1')
    const later = await open('k22')
    const slot = await later.grants.readSlot(aSlot('grt_1'))
    expect(slot?.token?.secret.reveal()).toBe('token of grt_1')
  })

  it('leaves a database without a broken reference', async () => {
    writeOldStore([{ id: 'grt_1', connection: 'a' }])
    await (await open('k1')).close()
    const database = new Database(path)
    opened.push(database)
    expect(database.pragma('foreign_key_check')).toEqual([])
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok')
  })
})

describe('the database itself', () => {
  it('refuses a second current grant, a second candidate and a second intent of a version', async () => {
    const store = await open('k1')
    const { id } = await store.grants.ensureGrant({ connection: 'a', tenant: 't' }, 1)
    const database = new Database(path)
    opened.push(database)
    const insert = (standing: string, other: string): void => {
      database
        .prepare(
          `INSERT INTO grants (id, connection, tenant, subject, standing, state, state_changed_at,
             created_at) VALUES (?, 'a', 't', '', ?, 'pending', 1, 1)`,
        )
        .run(other, standing)
    }
    const intend = (): void => {
      database
        .prepare(
          `INSERT INTO refresh_intents (grant_id, refresh_version, attempt_id, owner, lease_until,
             started_at) VALUES (?, 1, 'a', '{}', 1, 1)`,
        )
        .run(id)
    }
    insert('candidate', 'grt_x')
    insert('superseded', 'grt_y')
    intend()
    expect(() => insert('candidate', 'grt_z')).toThrow('UNIQUE')
    expect(() => insert('current', 'grt_z')).toThrow('UNIQUE')
    expect(intend).toThrow('UNIQUE')
  })
})
