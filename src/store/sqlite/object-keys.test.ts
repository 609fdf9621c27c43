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
import type { Connection } from './connection.ts'
import { createKeyMover } from './object-keys.ts'

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

it.each([1, 100_000, 1_600_000, 1e9])(
  'goes through the whole key space in 64 turns at most, where there are %d keys',
  (keys) => {
    const ranges: [number | Buffer, Buffer][] = []
    const run = (from: number | Buffer, to: Buffer): void => void ranges.push([from, to])
    const connection = { prepare: () => ({ run }) } as unknown as Connection
    const move = createKeyMover(connection)
    do move(keys)
    while (ranges.at(-1)?.[1].length === 1)
    expect(ranges.length / 2).toBeLessThanOrEqual(64)
    expect(ranges[0]?.[0]).toBe(Number.NEGATIVE_INFINITY)
    // Each slice begins where the one before ended; every slice is copied, then removed.
    for (let turn = 2; turn < ranges.length; turn += 2) {
      expect(ranges[turn]?.[0]).toEqual(ranges[turn - 1]?.[1])
      expect(ranges[turn]).toEqual(ranges[turn + 1])
    }
  },
)
