import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aVault, createEagerClock } from '../../../test/contract/builders.ts'
import type { TraceQuery } from '../../gateway/index.ts'
import { openSqliteStore } from '../index.ts'
import { callersSql } from './caller-store.ts'
import { listingOf, pruneSql } from './trace-store.ts'

let folder: string
let database: Database.Database

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-traces-'))
  const path = join(folder, 'store.db')
  const options = { path, vault: aVault(), clock: createEagerClock(), role: 'main' } as const
  await (await openSqliteStore(options)).close()
  database = new Database(path)
})
afterAll(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

/** How SQLite would answer: one line a step. */
const planOf = (sql: string, values: readonly unknown[]): string =>
  database
    .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...values)
    .map(({ detail }) => detail)
    .join('\n')

describe('many traces are not read or sorted', () => {
  it.each<readonly [query: Omit<TraceQuery, 'limit'>, index: string]>([
    [{}, 'sqlite_autoindex_traces_1'],
    [{ connection: 'c' }, 'traces_by_connection'],
    [{ connection: 'c@t' }, 'traces_by_connection'],
    [{ caller: 'crm' }, 'traces_by_caller_name'],
    [{ caller: 'clr_00000000-0000-7000-8000-000000000001' }, 'traces_by_caller'],
    [{ requestId: 'r' }, 'traces_by_request'],
    [{ kind: 'call' }, 'sqlite_autoindex_traces_1'],
    [{ kind: 'token' }, 'traces_by_kind'],
    [{ outcome: 'served' }, 'sqlite_autoindex_traces_1'],
    [{ outcome: 'failed' }, 'traces_by_outcome'],
    [{ status: 200 }, 'sqlite_autoindex_traces_1'],
    [{ status: 403 }, 'traces_by_status'],
    [{ code: 'token_unavailable' }, 'traces_by_code'],
    [{ wasReplayed: true }, 'traces_replayed'],
    [{ since: 5, until: 10 }, 'sqlite_autoindex_traces_1'],
    [{ connection: 'c', since: 5 }, 'traces_by_connection'],
    [{ connection: 'c', kind: 'call', outcome: 'served' }, 'traces_by_connection'],
  ])('by a listing of %o, first page or later', (query, index) => {
    for (const page of [query, { ...query, before: 'trc_5' }]) {
      const { sql, values } = listingOf({ ...page, limit: 50 })
      const plan = planOf(sql, values)
      expect(plan).toMatch(new RegExp(`USING INDEX ${index}( |$)`))
      expect(plan).not.toContain('TEMP B-TREE')
      expect(plan.split('\n')).toHaveLength(1)
    }
  })

  it('by a stretch of time, which is sought', () => {
    const { sql, values } = listingOf({ since: 5, until: 10, limit: 5 })
    expect(planOf(sql, values)).toContain('(id>? AND id<?)')
  })

  it('by letting the oldest go', () => {
    const plan = planOf(pruneSql, [5, 5])
    expect(plan).not.toMatch(/SCAN traces$|TEMP B-TREE/m)
  })
})

describe('many callers are not read or sorted', () => {
  it.each([true, false])('by a listing, with the revoked: %s', (withRevoked) => {
    const plan = planOf(callersSql(withRevoked), ['a', 'b', 5])
    expect(plan).toMatch(/^SEARCH callers USING INDEX callers_/)
    expect(plan).not.toContain('TEMP B-TREE')
  })
})
