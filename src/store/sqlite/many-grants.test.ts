import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aVault, createEagerClock } from '../../../test/contract/builders.ts'
import type { GrantQuery } from '../../grants/index.ts'
import type { Secret } from '../../kernel/index.ts'
import { openSqliteStore, type Store } from '../index.ts'
import { orphanableSql } from './connection-store.ts'
import { dueSql, earliestDueSql, listingSql } from './grant-listing.ts'

let folder: string
let path: string
let database: Database.Database

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-many-'))
  path = join(folder, 'store.db')
  const vault = aVault()
  await (await openSqliteStore({ path, vault, clock: createEagerClock(), role: 'bulk' })).close()
  database = new Database(path)
})
afterAll(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

/** How SQLite would answer: one line a step. */
const planOf = (sql: string, ...parameters: readonly unknown[]): string => {
  const steps = database.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
  return steps
    .all(...parameters)
    .map(({ detail }) => detail)
    .join('\n')
}

describe('removing a connection with many grants', () => {
  it('orphans all of them, and lets others write meanwhile', async () => {
    const open = async (): Promise<Store> =>
      await openSqliteStore({ path, vault: aVault(), clock: createEagerClock(), role: 'main' })
    const [one, two] = [await open(), await open()]
    const none: ReadonlyMap<string, Secret> = new Map()
    const template = { name: 'csp', body: '{}', expectedVersion: 0, secrets: none, slots: [] }
    await one.connections.saveConnection(template, 1)
    database
      .prepare(
        `INSERT INTO grants (id, connection, tenant, subject, standing, state, state_changed_at,
           created_at)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1700)
         SELECT printf('grt_%05d', i), 'csp', i, '', 'current', 'active', 1, 1 FROM n`,
      )
      .run()
    const order: string[] = []
    const removal = one.connections.removeConnection('csp', 5)
    await Promise.all([
      removal.then((isRemoved) => order.push(`removed: ${isRemoved}`)),
      two.grants
        .ensureGrant({ connection: 'other', tenant: '' }, 5)
        .then(() => order.push('other')),
    ])
    expect(order).toEqual(['other', 'removed: true'])
    const states = database.prepare(`SELECT DISTINCT state FROM grants WHERE connection = 'csp'`)
    expect(states.pluck().all()).toEqual(['orphaned'])
    await one.close()
    await two.close()
  })
})

describe('a million grants are not read or sorted', () => {
  it.each<readonly [query: Omit<GrantQuery, 'limit'>, index: string]>([
    [{}, 'sqlite_autoindex_grants_1'],
    [{ standing: 'current' }, 'sqlite_autoindex_grants_1'],
    [{ standing: 'candidate' }, 'grants_not_current'],
    [{ standing: 'superseded' }, 'grants_not_current'],
    [{ connection: 'c' }, 'grants_by_connection'],
    [{ connection: 'c', standing: 'current' }, 'grants_by_connection'],
    [{ connection: 'c', standing: 'candidate' }, 'grants_not_current_by_connection'],
    [{ tenant: 't' }, 'grants_by_tenant'],
    [{ tenant: 't', standing: 'candidate' }, 'grants_by_tenant'],
    [{ connection: 'c', tenant: 't' }, 'grants_by_address'],
    [{ connection: 'c', tenant: 't', standing: 'superseded' }, 'grants_by_address'],
  ])('by a listing of %o, first page or later', (query, index) => {
    for (const page of [query, { ...query, afterId: 'grt_5' }]) {
      const given = { ...page, limit: 50 }
      const plan = planOf(listingSql(given), given)
      expect(plan).toContain(`USING INDEX ${index}`)
      expect(plan).not.toContain('TEMP B-TREE')
      expect(plan.split('\n')).toHaveLength(1)
    }
  })

  it('by looking for what is due', () => {
    for (const plan of [planOf(dueSql, 5, 100), planOf(earliestDueSql)]) {
      expect(plan).toMatch(/^SEARCH grants USING (COVERING )?INDEX grants_due/)
      expect(plan).not.toContain('TEMP B-TREE')
    }
  })

  it('by removing a connection', () => {
    const plan = planOf(orphanableSql, 'c', '', 500)
    expect(plan).toContain('USING INDEX grants_by_connection (connection=? AND id>?)')
    expect(plan).not.toContain('TEMP B-TREE')
  })

  it('by finding what serves, or what a key still seals', () => {
    const serving = `SELECT 1 FROM grants
      WHERE connection = 'c' AND tenant = 't' AND standing = 'current'`
    expect(planOf(serving)).toMatch(/^SEARCH grants USING .*INDEX grants_(one_current|by_address)/)
    for (const table of ['grants', 'token_slots', 'connection_secrets']) {
      const index = new RegExp(`^SEARCH ${table} USING (COVERING )?INDEX ${table}_by_key`)
      expect(planOf(`SELECT 1 FROM ${table} WHERE sealed_by = ? LIMIT 1`, 'k')).toMatch(index)
      const page = `SELECT 1 FROM ${table} WHERE sealed_by = ? AND sequence > ?
        ORDER BY sequence LIMIT ?`
      expect(planOf(page, 'k', 1, 1)).toMatch(index)
      expect(planOf(page, 'k', 1, 1)).not.toContain('TEMP B-TREE')
      expect(planOf(`SELECT min(sealed_by) FROM ${table} WHERE sealed_by > ?`, '')).toMatch(index)
    }
  })
})
