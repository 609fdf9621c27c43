import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { searchLookups, type Account } from '../../src/directory/index.ts'
import { systemClock } from '../../src/kernel/index.ts'
import { openSqliteStore, type Store } from '../../src/store/index.ts'
import { aVault, tenantId } from '../contract/builders.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-accounts-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const open = async (path: string): Promise<Store> =>
  await openSqliteStore({ path, vault: aVault(), clock: systemClock, role: 'bulk' })

/** The id of account `i`, spread like Graph's own. */
const idOf = (i: number): string =>
  `${((i * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0')}-0000-4000-8000-${i.toString(16).padStart(12, '0')}`

/** Writes accounts of about 500 bytes as an import leaves them. */
function load(path: string, count: number): void {
  const database = new Database(path)
  database.pragma('synchronous = OFF')
  database.function('id_of', { deterministic: true }, (i) => idOf(Number(i)))
  database.exec(`
    BEGIN;
    INSERT INTO directory_spaces (space_id, tenant_id, kind, objects)
      VALUES (1, '${tenantId}', 'user', ${count});
    CREATE TEMP TABLE ids AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
      SELECT i, id_of(i) AS id FROM n;
    INSERT INTO directory_objects (row_id, space_id, updated_at, properties)
      SELECT i, 1, 1, json_object('id', id, 'userPrincipalName', 'User.' || i || '@Contoso.com',
        'mail', 'user.' || i || '@contoso.com', 'displayName', 'User ' || i,
        'accountEnabled', json('true'), 'department', 'Department ' || (i % 50),
        'officeLocation', 'Building ' || (i % 9), 'companyName', printf('%.*c', 180, 'x')) FROM ids;
    INSERT INTO directory_keys SELECT unhex(id, '-'), 1, i FROM ids ORDER BY 1;
    COMMIT;`)
  database.close()
}

/** How long an answer takes, the median of many (ms). */
async function timed(times: number, ask: (turn: number) => Promise<unknown>): Promise<number> {
  const took: number[] = []
  for (let turn = 0; turn < times; turn++) {
    const from = performance.now()
    await ask(turn)
    took.push(performance.now() - from)
  }
  return took.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? 0
}

/** The times of every kind of look-up in a directory of that size (ms). */
async function measure(count: number): Promise<Readonly<Record<string, number>>> {
  const path = join(folder, `${count}.db`)
  await (await open(path)).close()
  load(path, count)
  const store = await open(path)
  const { accounts } = store
  const before = performance.now()
  await accounts.prepareLookups([
    ...searchLookups,
    { kind: 'user', column: 'mail', compare: 'exact' },
  ])
  const preparing = performance.now() - before
  const any = (turn: number): number => ((turn * 7_919) % count) + 1
  const one = (found: readonly Account[], i: number): void => {
    expect(found.map(({ id }) => id)).toEqual([idOf(i)])
  }
  const find = async (
    column: string,
    compare: 'exact' | 'lower',
    valueOf: (i: number) => string,
    tenant: { readonly tenantId?: string } = { tenantId },
  ): Promise<number> =>
    await timed(500, async (turn) => {
      const i = any(turn)
      const where = [{ column, compare, value: valueOf(i) }]
      one(await accounts.findAccounts({ ...tenant, kind: 'user', where, limit: 2 }), i)
    })
  const times = {
    preparing,
    id: await timed(500, async (turn) => {
      const i = any(turn)
      const found = await accounts.getAccount({ tenantId, kind: 'user', id: idOf(i) })
      one(found === undefined ? [] : [found], i)
    }),
    mail: await find('mail', 'exact', (i) => `user.${i}@contoso.com`),
    upn: await find('userPrincipalName', 'lower', (i) => `user.${i}@contoso.com`),
    everywhere: await find('mail', 'exact', (i) => `user.${i}@contoso.com`, {}),
    search: await timed(50, async (turn) => {
      const search = `USER.${any(turn)}@`
      const page = await accounts.listAccounts({ kind: 'user', search, limit: 50 })
      one(page.accounts, any(turn))
    }),
    broadSearch: await timed(50, async () => {
      const page = await accounts.listAccounts({ kind: 'user', search: 'u', limit: 50 })
      expect(page.accounts).toHaveLength(50)
    }),
    page: await timed(50, async (turn) => {
      const after = { tenantId, row: Math.floor((any(turn) * 9) / 10) }
      const page = await accounts.listAccounts({ kind: 'user', limit: 50, after })
      expect(page.accounts.length).toBeGreaterThan(0)
    }),
    spread: await timed(1, async () => {
      const column = { kind: 'user', column: 'mail', compare: 'lower' } as const
      expect(await accounts.spreadOf(column, 'tenant')).toMatchObject({ sharedValues: 0 })
    }),
  }
  await store.close()
  return times
}

test('look-ups among 1,000,000 accounts take about as long as among 1,000', async () => {
  const few = await measure(1_000)
  const many = await measure(1_000_000)
  console.table({ '1,000': few, '1,000,000': many })
  // A scan would take a thousand times as long.
  const slow = ['id', 'mail', 'upn', 'everywhere', 'search', 'broadSearch', 'page'].filter(
    (name) => (many[name] ?? 0) > 20 * (few[name] ?? 0) + 1,
  )
  expect(slow).toEqual([])
})
