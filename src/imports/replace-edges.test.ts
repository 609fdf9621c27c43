import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { emptyDatabase } from '../../test/support/postgres.ts'
import type { TargetDatabase } from './target-database.ts'
import { openPostgresTarget } from './target-postgres.ts'
import { openSqliteTarget } from './target-sqlite.ts'
import { deleteStaged, ensureFinalTable, ensureStaging, replaceEdges } from './target-tables.ts'

const columns = ['groupId', 'memberId', 'memberType']
type Edge = readonly [group: string, member: string, type: string]

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

async function sqlite(): Promise<TargetDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'evergrant-edges-'))
  const database = openSqliteTarget(join(folder, 'out.db'))
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  cleanups.push(() => database.close())
  return database
}

async function postgres(): Promise<TargetDatabase> {
  const empty = await emptyDatabase()
  const database = await openPostgresTarget(empty.url, empty.password())
  cleanups.push(() => empty.dispose())
  cleanups.push(() => database.close())
  return database
}

describe.each([
  ['SQLite', sqlite],
  ['PostgreSQL', postgres],
])('edges in a table of %s', (_name, open) => {
  async function withTables(
    published: readonly Edge[],
    staged: readonly Edge[],
  ): Promise<TargetDatabase> {
    const database = await open()
    await database.transaction('tables', async (tables) => {
      await ensureFinalTable(database, tables, 'members', columns)
      await ensureStaging(database, tables, 'staging', columns)
      const rows = published.map((edge) => ['t', ...edge])
      await tables.insert('members', ['tenant_id', ...columns], rows)
      await tables.insert('members', ['tenant_id', ...columns], [['other', 'g1', 'm1', 'user']])
      await tables.insert('staging', columns, staged)
    })
    return database
  }

  const rowsOf = async (database: TargetDatabase, table: string): Promise<readonly string[]> =>
    await database.transaction('read', async (tables) => {
      const from = `FROM "${table}" ${table === 'members' ? "WHERE tenant_id = 't'" : ''}`
      const rows = await tables.rows<Record<string, string>>(`SELECT * ${from}`)
      return rows.map((row) => columns.map((column) => row[column]).join(' ')).toSorted()
    })

  const replace = (database: TargetDatabase, sources: readonly string[]): Promise<number> =>
    database.transaction('publish', (tables) =>
      replaceEdges(database, tables, 'members', {
        tenantId: 't',
        columns,
        staging: 'staging',
        sources,
      }),
    )

  test('are replaced source by source, those of others and of other tenants left alone', async () => {
    const database = await withTables(
      [
        ['g1', 'm1', 'user'],
        ['g1', 'm2', 'user'],
        ['g2', 'm1', 'user'],
        ['g3', 'm1', 'user'],
      ],
      [
        ['g1', 'm2', 'user'],
        ['g1', 'm3', 'group'],
        ['g1', 'm3', 'device'],
        ['g3', 'm9', 'user'],
      ],
    )
    expect(await replace(database, ['g1', 'g2'])).toBe(3)
    expect(await rowsOf(database, 'members')).toEqual(['g1 m2 user', 'g1 m3 device', 'g3 m1 user'])
    expect(await rowsOf(database, 'staging')).toEqual(['g3 m9 user'])
    const others = await database.transaction('read', (tables) =>
      tables.rows("SELECT * FROM members WHERE tenant_id = 'other'"),
    )
    expect(others).toHaveLength(1)
  })

  test('are taken out of what is staged when a source is read anew', async () => {
    const database = await withTables(
      [],
      [
        ['g1', 'm1', 'user'],
        ['g2', 'm1', 'user'],
      ],
    )
    const deleted = await database.transaction('tables', (tables) =>
      deleteStaged(tables, 'members', 'staging', ['g1', 'unknown']),
    )
    expect(deleted).toBe(1)
    expect(await rowsOf(database, 'staging')).toEqual(['g2 m1 user'])
  })

  test('of a giant are replaced in steps of 20,000, each once', async () => {
    const edges = (from: number): readonly Edge[] =>
      Array.from({ length: 45_001 }, (_edge, i) => ['giant', `m${i + from}`, 'user'] as const)
    const database = await withTables(edges(0), [...edges(10), ...edges(10).slice(0, 5)])
    const changes: number[] = []
    await database.transaction('publish', async (tables) => {
      const run: typeof tables.run = async (...args) => {
        const changed = await tables.run(...args)
        changes.push(changed)
        return changed
      }
      const from = { tenantId: 't', columns, staging: 'staging', sources: ['giant'] }
      await replaceEdges(database, { ...tables, run }, 'members', from)
    })
    const most = database.blocksThread ? 20_000 : 45_001
    expect(Math.max(...changes)).toBe(most)
    const truth = edges(10).map((edge) => edge.join(' '))
    expect(await rowsOf(database, 'members')).toEqual(truth.toSorted())
    expect(await rowsOf(database, 'staging')).toEqual([])
  })
})
