import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aTrace } from '../../../test/contract/traces.contract.ts'
import { aVault, createEagerClock } from '../../../test/contract/builders.ts'
import { preparedDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import type { TraceQuery } from '../../gateway/index.ts'
import { openPostgresStore, type Store } from '../index.ts'
import { listingOf, pruneSql } from './trace-store.ts'

const start = 1_800_000_000_000
let database: TestDatabase
let store: Store

beforeAll(async () => {
  database = await preparedDatabase()
  const { url, password } = database
  const clock = createEagerClock()
  store = await openPostgresStore({ url, password, vault: aVault(), clock, role: 'bulk' })
  const traces = Array.from({ length: 2_000 }, (_, i) =>
    aTrace(start + i * 60_000, {
      connection: `c${i % 40}`,
      callerId: `clr_00000000-0000-7000-8000-${String(i % 40).padStart(12, '0')}`,
      callerName: `caller-${i % 40}`,
      ...(i % 50 === 0 ? { outcome: 'failed', status: 503, code: 'circuit_open' } : {}),
      ...(i % 50 === 1 ? { kind: 'token', wasReplayed: true } : {}),
    }),
  )
  await store.traces.appendTraces(traces, 5_000)
  await database.query('ANALYZE evergrant.traces')
})
afterAll(async () => {
  await store.close()
  await database.dispose()
})

/** How PostgreSQL would answer, values written out. */
const planOf = async (sql: string, values: readonly unknown[]): Promise<string> => {
  const text = sql.replaceAll(/\$(\d+)/g, (_, n: string) => {
    const value = values[Number(n) - 1]
    return typeof value === 'string' ? `'${value}'` : String(value)
  })
  const rows = await database.query(`EXPLAIN ${text}`)
  return rows.map((row) => String(row['QUERY PLAN'])).join('\n')
}

describe('many traces are not read by PostgreSQL', () => {
  it.each<readonly [query: Omit<TraceQuery, 'limit'>, index: string]>([
    [{}, 'traces_id_key'],
    [{ connection: 'c1' }, 'traces_by_connection'],
    [{ caller: 'caller-1' }, 'traces_by_caller_name'],
    [{ caller: 'clr_00000000-0000-7000-8000-000000000001' }, 'traces_by_caller'],
    [{ requestId: 'r' }, 'traces_by_request'],
    [{ kind: 'token' }, 'traces_by_kind'],
    [{ outcome: 'failed' }, 'traces_by_outcome'],
    [{ status: 503 }, 'traces_by_status'],
    [{ code: 'circuit_open' }, 'traces_by_code'],
    [{ wasReplayed: true }, 'traces_replayed'],
    [{ since: start, until: start + 600_000 }, 'traces_id_key'],
  ])('by a listing of %o', async (query, index) => {
    const { sql, values } = listingOf({ ...query, limit: 5 })
    const plan = await planOf(sql, values)
    expect(plan).toMatch(new RegExp(`(using|on) ${index} `))
    expect(plan).not.toContain('Seq Scan')
  })

  it('by letting the oldest go', async () => {
    expect(await planOf(pruneSql, [1_900, 50])).not.toContain('Seq Scan')
  })
})
