import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importUsers } from '../../../test/contract/accounts.contract.ts'
import { aVault, createEagerClock, tenantId } from '../../../test/contract/builders.ts'
import { preparedDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { searchLookups } from '../../directory/index.ts'
import { Secret } from '../../kernel/index.ts'
import { openPostgresStore, type Store } from '../index.ts'
import { searchColumns } from '../rows/account-listing.ts'
import { lookupName } from '../rows/account-row.ts'
import {
  createLookupSql,
  disabledStatement,
  findStatement,
  scanSql,
  seekSql,
  walkSql,
} from './account-sql.ts'
import { peopleSql } from './people-store.ts'
import { revokeOfSql, sessionsSql, sweepSessionsSql } from './session-store.ts'

const mail = { kind: 'user', column: 'mail', compare: 'exact' } as const
let database: TestDatabase
let store: Store

beforeAll(async () => {
  database = await preparedDatabase()
  const { url, password } = database
  const clock = createEagerClock()
  store = await openPostgresStore({ url, password, vault: aVault(), clock, role: 'bulk' })
  const tenants = [tenantId, ...Array.from({ length: 5 }, () => crypto.randomUUID())]
  for (const tenant of tenants) {
    const accounts = Array.from({ length: 900 }, (_, i) => ({
      userPrincipalName: `User${i}@contoso.com`,
      mail: `user${i}@contoso.com`,
      displayName: `User ${i}`,
    }))
    await importUsers(store, accounts, { tenant })
  }
  await store.accounts.prepareLookups([...searchLookups, mail])
})
afterAll(async () => {
  await store.close()
  await database.dispose()
})

/** How PostgreSQL would answer whatever the values are, as it does once a statement was prepared. */
const planOf = async (sql: string): Promise<string> => {
  const rows = await database.query(`EXPLAIN (GENERIC_PLAN) ${sql}`)
  return rows.map((row) => String(row['QUERY PLAN'])).join('\n')
}

describe('a million accounts are not read by PostgreSQL', () => {
  it.each([
    ['mail', 'exact'],
    ['mail', 'lower'],
    ['userPrincipalName', 'lower'],
  ] as const)('by finding "%s" (%s), in a tenant or in all', async (column, compare) => {
    const where = [{ column, compare, value: 'x' }]
    for (const tenant of [{ tenantId }, {}]) {
      const { sql } = findStatement({ ...tenant, kind: 'user', where, limit: 2 })
      const plan = await planOf(sql)
      expect(plan).toContain(lookupName({ column, compare }))
      expect(plan).not.toContain('Seq Scan on directory_objects')
      // As the database's locale has it, an İ might be an i.
      expect(sql).not.toContain('lower(')
    }
  })

  it('by finding an id', async () => {
    const where = [{ column: 'id', compare: 'exact', value: 'x' }] as const
    for (const tenant of [{ tenantId }, {}]) {
      const { sql } = findStatement({ ...tenant, kind: 'user', where, limit: 2 })
      const plan = await planOf(sql)
      expect(plan).toContain('directory_objects_by_id')
      expect(plan).not.toContain('Seq Scan on directory_objects')
    }
  })

  it('by what is joined to one that was found, nor what else is disabled or linked', async () => {
    await database.query(`INSERT INTO evergrant.people VALUES ('psn_1', 'Ann', 1)`)
    for (const [table, columns, values] of [
      ['disabled_accounts', 'disabled_at, disabled_by', `1, 'ann'`],
      ['person_accounts', 'person_id, connections', `'psn_1', '[]'`],
    ]) {
      await database.query(
        `INSERT INTO evergrant.${table} (kind, tenant_id, account_id, ${columns})
         SELECT 'user', '${tenantId}', i::text, ${values} FROM generate_series(1, 3000) AS i`,
      )
      await database.query(`ANALYZE evergrant.${table}`)
    }
    for (const column of ['id', 'mail']) {
      const where = [{ column, compare: 'exact', value: 'x' }] as const
      const plan = await planOf(findStatement({ tenantId, kind: 'user', where, limit: 2 }).sql)
      for (const index of ['disabled_accounts_pkey', 'person_accounts_pkey']) {
        expect(plan).toMatch(new RegExp(`Scan using ${index}.*\n +Index Cond: .*account_id =`))
      }
    }
  })

  it('by a page of all, of a search, or of those disabled here', async () => {
    for (const sql of [walkSql, scanSql]) {
      const plan = await planOf(sql)
      expect(plan).toContain('directory_objects_by_row')
      expect(plan).toMatch(/Index Cond: .*row_id > \$2.*row_id <= \$3/)
      expect(plan).not.toContain('Seq Scan on directory_objects')
    }
    for (const column of searchColumns) {
      const plan = await planOf(seekSql(column))
      const index = lookupName({ column, compare: 'lower' })
      // In the order of the index, up to the limit, before anything is joined.
      expect(plan).toMatch(new RegExp(`Limit .*\\n +-> +Index Scan using ${index}`))
      // Where a page begins is the one lower bound: of two it may take the lesser, and walk.
      expect(plan).toMatch(/Index Cond: .*ROW\(/)
      expect(plan).not.toContain('>= $')
      expect(plan).not.toContain('Seq Scan on directory_objects')
    }
    const plan = await planOf(disabledStatement('user', undefined, { tenantId: '', id: '' }, 9).sql)
    expect(plan).not.toContain('Seq Scan on directory_objects')
  })
})

describe('many people and sessions are not read by PostgreSQL', () => {
  it('by their pages, by revoking or by sweeping', async () => {
    // The tables are empty, which would be read at once otherwise.
    await database.query(
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off', current_database()); END $$`,
    )
    expect(await planOf(peopleSql(false))).toContain('people_name_key')
    expect(await planOf(peopleSql(true))).toContain('person_accounts_by_person')
    for (const hasAfter of [true, false]) {
      expect(await planOf(sessionsSql(hasAfter))).toMatch(/(using|on) sessions_pkey/)
    }
    expect(await planOf(revokeOfSql)).toContain('sessions_by_account')
    expect(await planOf(sweepSessionsSql)).toContain('sessions_by_end')
  })
})

describe('a look-up in PostgreSQL', () => {
  const validOnes = async (name: string): Promise<unknown> =>
    await database.query(
      `SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('evergrant.${name}')`,
    )

  it('that was broken off while it was made counts for nothing, and is made anew', async () => {
    const column = { kind: 'user', column: 'jobTitle', compare: 'lower' } as const
    await database.query(createLookupSql(column))
    await database.query(
      `UPDATE pg_index SET indisvalid = false
       WHERE indexrelid = 'evergrant.${lookupName(column)}'::regclass`,
    )
    expect(await store.accounts.hasLookup(column)).toBe(false)
    await store.accounts.prepareLookups([column])
    expect(await store.accounts.hasLookup(column)).toBe(true)
    expect(await validOnes(lookupName(column))).toEqual([{ indisvalid: true }])
  })

  it('is asked of the owner of the tables where the user of the service may not make it', async () => {
    const user = `evergrant_${crypto.randomUUID().slice(0, 8)}`
    const password = 'not.a.real.password'
    await database.query(`CREATE ROLE ${user} LOGIN PASSWORD '${password}'`)
    await database.query(`GRANT USAGE ON SCHEMA evergrant TO ${user}`)
    await database.query(`GRANT ALL ON ALL TABLES IN SCHEMA evergrant TO ${user}`)
    const limited = await openPostgresStore({
      url: database.url.replace('postgres@', `${user}@`),
      password: () => new Secret(password),
      vault: aVault(),
      clock: createEagerClock(),
      role: 'main',
    })
    await limited.accounts.prepareLookups([mail])
    const column = { ...mail, column: 'companyName' }
    await expect(limited.accounts.prepareLookups([column])).rejects.toMatchObject({
      code: 'store_refused',
      remedy: expect.stringContaining('evergrant migrate') as string,
    })
    expect(await limited.accounts.hasLookup(column)).toBe(false)
    await limited.close()
    await database.query(`DROP OWNED BY ${user}`)
    await database.query(`DROP ROLE ${user}`)
  })
})
