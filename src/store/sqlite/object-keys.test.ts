import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import {
  aPage,
  aRun,
  aVault,
  createEagerClock,
  rowsNamed,
} from '../../../test/contract/builders.ts'
import { openSqliteStore } from '../index.ts'

it('moves every key on within 64 commits, the first, the last and the odd ones too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'evergrant-keys-'))
  const path = join(folder, 'store.db')
  const clock = createEagerClock()
  const store = await openSqliteStore({ path, vault: aVault(), clock, role: 'bulk' })
  const run = await aRun(store)
  const edges = ['0', '3', '4', '8', 'f'].map((digit) =>
    '00000000-0000-0000-0000-000000000000'.replaceAll('0', digit),
  )
  const early = [...edges, 'text', '~', ''].map((id) => ({ id, displayName: id }))
  await store.runs.commitPage(aPage(run, [...early, ...rowsNamed('early', 200)]))
  for (let commit = 1; commit <= 64; commit++) {
    await store.runs.commitPage(aPage(run, rowsNamed('later', 1)))
  }
  const shell = new Database(path)
  const earlyAmong = (table: string): unknown =>
    shell
      .prepare(`SELECT count(*) FROM ${table} WHERE row_id <= ?`)
      .pluck()
      .get(early.length + 200)
  expect(earlyAmong('directory_fresh_keys')).toBe(0)
  expect(earlyAmong('directory_keys')).toBe(early.length + 200)
  shell.close()
  await store.close()
  rmSync(folder, { recursive: true })
})
