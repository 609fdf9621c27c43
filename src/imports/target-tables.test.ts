import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TargetDatabase } from './target-database.ts'
import { openSqliteTarget } from './target-sqlite.ts'
import { ensureFinalTable, ensureStaging, replaceRows } from './target-tables.ts'

let folder: string
let database: TargetDatabase
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evergrant-target-'))
  database = openSqliteTarget(join(folder, 'out.db'))
})
afterEach(async () => {
  await database.close()
  await rm(folder, { recursive: true, force: true })
})

const columns = ['id', 'n']
const replace = async (hasRepeats: boolean): Promise<void> =>
  await database.transaction('publish', (tables) =>
    replaceRows(database, tables, 'users', {
      tenantId: 't',
      columns,
      staging: 'staging',
      hasRepeats,
    }),
  )

async function stage(rows: readonly (readonly [id: string, n: string])[]): Promise<void> {
  await database.transaction('tables', async (tables) => {
    await ensureFinalTable(database, tables, 'users', columns)
    await ensureStaging(database, tables, 'staging', columns)
    await tables.run('DELETE FROM staging')
    await tables.insert('staging', columns, rows)
  })
}

const read = (): Promise<readonly unknown[]> =>
  database.transaction('read', (tables) =>
    tables.rows('SELECT tenant_id, id, n FROM users ORDER BY id'),
  )

test('a step that fails leaves the old snapshot as it was', async () => {
  await stage([['a', '1']])
  await replace(false)
  await stage([
    ['a', '2'],
    ['a', '3'],
  ])
  // Two rows of one id, said to be none: the second cannot be put in place.
  await expect(replace(false)).rejects.toMatchObject({ code: 'destination_unwritable' })
  expect(await read()).toEqual([{ tenant_id: 't', id: 'a', n: '1' }])
})

test('of rows met twice the last one counts', async () => {
  await stage([
    ['a', '1'],
    ['b', '1'],
    ['a', '2'],
  ])
  await replace(true)
  expect(await read()).toEqual([
    { tenant_id: 't', id: 'a', n: '2' },
    { tenant_id: 't', id: 'b', n: '1' },
  ])
})

test('more rows than one step takes are all put in place, each once', async () => {
  const rows = Array.from({ length: 45_001 }, (_row, i) => [`u${i}`, String(i)] as const)
  await stage(rows)
  await replace(false)
  await replace(false)
  expect(new Set((await read()).map((row) => (row as { n: string }).n)).size).toBe(rows.length)
  expect((await read()).length).toBe(rows.length)
})

test('no statement takes more than one step of rows away, met once or twice', async () => {
  const rows = Array.from({ length: 45_001 }, (_row, i) => [`u${i}`, String(i)] as const)
  await stage([...rows, ...rows.slice(0, 10)])
  const changes: number[] = []
  const watched = async (): Promise<void> =>
    await database.transaction('publish', async (tables) => {
      const run: typeof tables.run = async (...args) => {
        const changed = await tables.run(...args)
        changes.push(changed)
        return changed
      }
      const from = { tenantId: 't', columns, staging: 'staging', hasRepeats: true }
      await replaceRows(database, { ...tables, run }, 'users', from)
    })
  await watched()
  await watched()
  expect(Math.max(...changes)).toBe(20_000)
  expect((await read()).length).toBe(rows.length)
})
