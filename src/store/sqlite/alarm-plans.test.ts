import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aVault, createEagerClock } from '../../../test/contract/builders.ts'
import { claimSql, troubledSql } from './alarm-store.ts'
import { openSqliteStore } from './open.ts'

let folder: string
let database: Database.Database
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-plans-'))
  const path = join(folder, 'store.db')
  const clock = createEagerClock()
  const store = await openSqliteStore({ path, vault: aVault(), clock, role: 'main' })
  await store.close()
  database = new Database(path)
})
afterAll(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

const planOf = (sql: string, values: object): string =>
  database
    .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
    .all(values)
    .map(({ detail }) => detail)
    .join('\n')

describe('looking for alarms does not go through every grant', () => {
  it.each([
    ['lapsed', 'grants_lapsed'],
    ['unknown', 'grants_unknown'],
    ['due', 'grants_due'],
    ['used', 'grants_by_use'],
  ] as const)('%s', (sort, index) => {
    const plan = planOf(troubledSql[sort], { limit: 1, dueBefore: 1, usedBefore: 1 })
    expect(plan).toContain(`USING INDEX ${index}`)
    expect(plan).not.toContain('TEMP B-TREE')
  })

  it('nor through every message', () => {
    const values = { attemptId: 'a', targets: '[]', limit: 1, leaseMs: 1, now: 1 }
    const plan = planOf(claimSql, values)
    expect(plan).toContain('USING INDEX alarm_deliveries_waiting')
    expect(plan).toContain('alarm_deliveries_by_alarm')
  })
})
