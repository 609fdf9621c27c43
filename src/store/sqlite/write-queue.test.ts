import { setImmediate as nextTurn } from 'node:timers/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createManualClock } from '../../kernel/index.ts'
import { createWriteQueue, type WriteQueue } from './write-queue.ts'

let folder: string
let path: string
let database: Database.Database
let queue: WriteQueue
let commits: number
const clock = createManualClock()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-queue-'))
  path = join(folder, 'queue.db')
  database = new Database(path, { timeout: 0 })
  database.pragma('journal_mode = WAL')
  database.exec('CREATE TABLE words (word TEXT UNIQUE, filling BLOB)')
  commits = 0
  queue = createWriteQueue({
    database,
    run: (sql) => void database.prepare(sql).run(),
    path,
    clock,
    busyDeadlineMs: 1_000,
    gather: async () => await nextTurn(),
    onCommit: () => {
      commits += 1
    },
  })
})
afterEach(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

const write = async (word: string, filling = 0): Promise<string> =>
  await queue.write(() => {
    database.prepare('INSERT INTO words VALUES (?, zeroblob(?))').run(word, filling)
    if (word.startsWith('bad')) throw new Error(`no "${word}"`)
    return word
  })
const words = (): readonly unknown[] =>
  database.prepare('SELECT word FROM words ORDER BY rowid').pluck().all()
const lock = (): Database.Database => new Database(path).exec('BEGIN IMMEDIATE')
const statuses = (outcomes: readonly PromiseSettledResult<unknown>[]): readonly string[] =>
  outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? 'done' : String((outcome.reason as { code?: string }).code),
  )

describe('writes that wait at the same time', () => {
  it('are undone alone when they throw, also half-way, or break a constraint', async () => {
    const outcomes = await Promise.allSettled(['a', 'bad', 'a', 'b'].map((word) => write(word)))
    expect(statuses(outcomes)).toEqual(['done', 'undefined', 'internal', 'done'])
    expect(words()).toEqual(['a', 'b'])
    expect(commits).toBe(1)
  })

  it('fail together when the disk is full, none of them having happened', async () => {
    const pages = database.pragma('page_count', { simple: true }) as number
    database.pragma(`max_page_count = ${pages + 2}`)
    const outcomes = await Promise.allSettled([write('a'), write('b', 100_000), write('c')])
    expect(statuses(outcomes)).toEqual(['store_full', 'store_full', 'done'])
    expect(words()).toEqual(['c'])
  })

  it('each wait for the lock until their own deadline', async () => {
    const other = lock()
    const early = write('early').catch((error: unknown) => error)
    await nextTurn()
    await nextTurn()
    await clock.advance(600)
    const late = write('late')
    await clock.advance(500)
    expect(await early).toMatchObject({ code: 'store_busy' })
    other.close()
    await clock.advance(50)
    expect(await late).toBe('late')
    expect(words()).toEqual(['late'])
  })

  it('share a commit, in order, and each gets its own result', async () => {
    const all = Array.from({ length: 10 }, (_, i) => `word ${i}`)
    expect(await Promise.all(all.map((word) => write(word)))).toEqual(all)
    expect(words()).toEqual(all)
    expect(commits).toBe(1)
  })

  it('are committed in several steps when they are many', async () => {
    const all = Array.from({ length: 150 }, (_, i) => `word ${i}`)
    expect(await Promise.all(all.map((word) => write(word)))).toEqual(all)
    expect(commits).toBe(3)
  })

  it('leave what those leave that did not throw', async () => {
    const batch = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'bad 1', 'bad 2', 'bad 3'))
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 4 }), async (batches) => {
        database.exec('DELETE FROM words')
        const expected = new Set<string>()
        for (const each of batches) {
          const outcomes = await Promise.allSettled(each.map((word) => write(word)))
          const fails = each.map((word) => word.startsWith('bad') || expected.has(word))
          expect(outcomes.map(({ status }) => status === 'rejected')).toEqual(fails)
          for (const word of each) if (!word.startsWith('bad')) expected.add(word)
        }
        expect(words()).toEqual([...expected])
      }),
      { numRuns: 40 },
    )
  })
})

describe('a queue that ends', () => {
  it('refuses what cannot get the lock', async () => {
    const other = lock()
    const waiting = write('a').catch((error: unknown) => error)
    queue.end()
    expect(await waiting).toMatchObject({ code: 'store_unavailable' })
    other.close()
    expect(words()).toEqual([])
  })

  it('runs what still waits', async () => {
    const all = Promise.all([write('a'), write('b')])
    queue.end()
    expect(await all).toEqual(['a', 'b'])
    expect(words()).toEqual(['a', 'b'])
  })
})
