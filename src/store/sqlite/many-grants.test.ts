import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aVault, createEagerClock } from '../../../test/contract/builders.ts'
import type { GrantQuery } from '../../grants/ports.ts'
import { openSqliteStore } from '../index.ts'
import { dueSql, earliestDueSql, listingSql } from './grant-listing.ts'

let folder: string
let database: Database.Database

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-many-'))
  const path = join(folder, 'store.db')
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
