import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aVault, createEagerClock } from '../../../test/contract/builders.ts'
import { searchLookups, type AccountQuestion } from '../../directory/index.ts'
import { openSqliteStore } from '../index.ts'
import { searchColumns } from '../rows/account-listing.ts'
import { lookupName } from '../rows/account-row.ts'
import { disabledSql, findSql, scanSql, seekSql, walkSql } from './account-sql.ts'
import { peopleSql } from './people-store.ts'
import { revokeOfSql, sessionsSql, sweepSessionsSql } from './session-store.ts'

let folder: string
let database: Database.Database

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-accounts-'))
  const path = join(folder, 'store.db')
  const store = await openSqliteStore({
    path,
    vault: aVault(),
    clock: createEagerClock(),
    role: 'bulk',
  })
  await store.accounts.prepareLookups([
    ...searchLookups,
    { kind: 'user', column: 'mail', compare: 'exact' },
  ])
  await store.close()
  database = new Database(path)
})
afterAll(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

/** How SQLite would answer: one line a step. */
const planOf = (sql: string): string => {
  const names = [...new Set(sql.match(/@\w+/g))].map((name) => [name.slice(1), 1] as const)
  const statement = database.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
  return statement
    .all(Object.fromEntries(names))
    .map(({ detail }) => detail)
    .join('\n')
}

const condition = (
  column: string,
  compare: 'exact' | 'lower',
): AccountQuestion['where'][number] => ({ column, compare, value: 'x' })

describe('a million accounts are not read or sorted', () => {
  it.each([
    [[condition('mail', 'exact')], lookupName({ column: 'mail', compare: 'exact' })],
    [[condition('mail', 'lower')], lookupName({ column: 'mail', compare: 'lower' })],
    [
      [condition('department', 'exact'), condition('userPrincipalName', 'lower')],
      lookupName({ column: 'userPrincipalName', compare: 'lower' }),
    ],
  ])('by finding %j, in a tenant or in all', (where, index) => {
    for (const hasTenant of [true, false]) {
      const plan = planOf(findSql(where, hasTenant))
      expect(plan).toContain(`SEARCH object USING INDEX ${index} (space_id=? AND <expr>=?)`)
      expect(plan).not.toMatch(/SCAN (?!space)|TEMP B-TREE/)
    }
  })

  it('by finding an id, with whatever else', () => {
    for (const where of [
      [condition('id', 'exact')],
      [condition('mail', 'lower'), condition('id', 'lower')],
    ]) {
      for (const hasTenant of [true, false]) {
        const plan = planOf(findSql(where, hasTenant))
        expect(plan).toContain('SEARCH directory_keys USING PRIMARY KEY (object_id=?')
        expect(plan).toContain('SEARCH directory_fresh_keys USING PRIMARY KEY (object_id=?')
        expect(plan).toContain('SEARCH object USING INTEGER PRIMARY KEY (rowid=?)')
        expect(plan).not.toContain('TEMP B-TREE')
      }
    }
  })

  it('by a page of all, or by a page of what a search without look-ups looks at', () => {
    for (const sql of [walkSql, scanSql]) {
      const plan = planOf(sql)
      expect(plan).toContain(
        'SEARCH object USING INDEX directory_objects_living (space_id=? AND rowid>?)',
      )
      expect(plan).not.toMatch(/SCAN|TEMP B-TREE/)
    }
  })

  it('by a page of a search', () => {
    for (const column of searchColumns) {
      const plan = planOf(seekSql(column))
      const index = lookupName({ column, compare: 'lower' })
      expect(plan).toContain(
        `SEARCH object USING INDEX ${index} (space_id=? AND <expr>>? AND <expr><?)`,
      )
      expect(plan).not.toMatch(/SCAN|TEMP B-TREE/)
    }
  })

  it('by a page of those disabled here', () => {
    for (const hasTenant of [true, false]) {
      const plan = planOf(disabledSql(hasTenant))
      expect(plan).toMatch(/^SEARCH disabled USING PRIMARY KEY \(kind=\? AND \(?tenant_id/)
      expect(plan).toContain('SEARCH object USING INTEGER PRIMARY KEY (rowid=?)')
      expect(plan).not.toMatch(/SCAN|TEMP B-TREE/)
    }
  })
})

describe('many people and sessions are not read or sorted', () => {
  it('by a page of people, each with its accounts', () => {
    for (const hasSearch of [true, false]) {
      const plan = planOf(peopleSql(hasSearch))
      expect(plan).toMatch(/SEARCH people USING INDEX sqlite_autoindex_people_\d \(name>\?/)
      expect(plan).toContain('SEARCH link USING INDEX person_accounts_by_person (person_id=?)')
    }
  })

  it('by a page of sessions, by revoking those of an account, or by sweeping', () => {
    for (const hasAfter of [true, false]) {
      expect(planOf(sessionsSql(hasAfter))).not.toContain('TEMP B-TREE')
    }
    expect(planOf(revokeOfSql)).toMatch(/^SEARCH sessions USING INDEX sessions_by_account/)
    const sweep = database.prepare<unknown[], { detail: string }>(
      `EXPLAIN QUERY PLAN ${sweepSessionsSql}`,
    )
    expect(JSON.stringify(sweep.all(1, 1))).toContain('sessions_by_end (over_at<?)')
  })
})
