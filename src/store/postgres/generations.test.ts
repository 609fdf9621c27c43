import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { aClaim, aPage, aRun, aSlot, aSuccess, aVault } from '../../../test/contract/builders.ts'
import { preparedDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { createManualClock, systemClock, type Clock } from '../../kernel/index.ts'
import { openPostgresStore } from '../index.ts'
import type { GenerationChange, Store } from '../store.ts'

let database: TestDatabase
const opened: Store[] = []
const open = async (clock: Clock = systemClock): Promise<Store> => {
  const { url, password } = database
  const store = await openPostgresStore({ url, password, vault: aVault(), clock, role: 'main' })
  opened.push(store)
  return store
}
const listeners = `SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND query LIKE 'LISTEN%'`
/** Resolves when a watching store hears notifications. */
const hearing = async (): Promise<void> => {
  await vi.waitFor(async () => expect(await database.query(listeners)).toHaveLength(1))
}
const address = { connection: 'c', tenant: 't' }

beforeEach(async () => {
  database = await preparedDatabase()
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  await database.dispose()
})

describe('watching generations', () => {
  it('says nothing of what the store does itself, but of what comes between', async () => {
    // A clock that stands still: nothing is polled, so that only notifications wake it.
    const [watcher, writer] = [await open(createManualClock()), await open()]
    const seen: GenerationChange[] = []
    watcher.watchGenerations((change) => seen.push(change))
    await hearing()
    for (let i = 0; i < 40; i++) {
      await watcher.grants.ensureGrant({ ...address, tenant: `${i}` }, i)
    }
    await aRun(writer)
    await vi.waitFor(() => expect(seen).toHaveLength(1))
    expect(seen[0]?.topics).toEqual(['runs'])
  })

  it('can be ended while its connection is being made', async () => {
    const store = await open()
    store.watchGenerations(() => {})
    await store.close()
    expect(await database.query(listeners)).toHaveLength(0)
  })

  it('says nothing after it was ended, and leaves neither timer nor connection', async () => {
    const clock = createManualClock()
    const [watcher, writer] = [await open(clock), await open()]
    const timers = clock.pending()
    const seen: GenerationChange[] = []
    const end = watcher.watchGenerations((change) => seen.push(change))
    await hearing()
    end()
    await aRun(writer)
    await vi.waitFor(async () => {
      expect(await database.query(listeners)).toHaveLength(0)
      expect(clock.pending()).toBe(timers)
    })
    expect(seen).toEqual([])
  })

  it('names by notification what another process changed, without waiting for a poll', async () => {
    const [watcher, writer] = [await open(createManualClock()), await open()]
    const seen: GenerationChange[] = []
    watcher.watchGenerations((change) => seen.push(change))
    await hearing()
    const { id } = await writer.grants.ensureGrant(address, 1)
    await vi.waitFor(() => expect(seen.map(({ topics }) => topics)).toEqual([['grants']]))
    await writer.grants.beginExchange(aClaim(aSlot(id), 'one'))
    await writer.grants.commitExchange(aSuccess(aSlot(id), 'one'))
    await writer.runs.commitPage(aPage(await aRun(writer), []))
    await vi.waitFor(async () => {
      expect(new Set(seen.flatMap(({ topics }) => topics))).toEqual(
        new Set(['grants', 'slots', 'runs']),
      )
      expect(seen.at(-1)?.generations).toEqual(await watcher.readGenerations())
    })
  })

  it('notices within a second what nobody told it of', async () => {
    const clock = createManualClock()
    const watcher = await open(clock)
    const seen: GenerationChange[] = []
    watcher.watchGenerations((change) => seen.push(change))
    await hearing()
    await database.query(
      `UPDATE evergrant.generations SET generation = generation + 1
       WHERE topic = 'runs' AND shard = 3`,
    )
    await clock.advance(1_000)
    await vi.waitFor(() => expect(seen.map(({ topics }) => topics)).toEqual([['runs']]))
  })

  it('notices within a second what it was not told of, its listener being killed', async () => {
    const [watcher, writer] = [await open(), await open()]
    const seen: number[] = []
    watcher.watchGenerations(() => seen.push(performance.now()))
    await hearing()
    await database.query(`SELECT pg_terminate_backend(pid) FROM (${listeners}) AS them`)
    await aRun(writer)
    const changedAt = performance.now()
    await vi.waitFor(() => expect(seen).toHaveLength(1), { timeout: 5_000 })
    expect((seen[0] ?? 0) - changedAt).toBeLessThan(1_000)
  })

  it('hears again after its listener was killed, having looked for what it missed', async () => {
    const watcher = await open()
    const writer = await open()
    const seen: GenerationChange[] = []
    watcher.watchGenerations((change) => seen.push(change))
    await hearing()
    await database.query(`SELECT pg_terminate_backend(pid) FROM (${listeners}) AS them`)
    await aRun(writer)
    await hearing()
    await vi.waitFor(() => expect(seen).toHaveLength(1))
  })

  it('goes on for the other listeners when one throws', async () => {
    const [watcher, writer] = [await open(), await open()]
    const seen: GenerationChange[] = []
    watcher.watchGenerations(() => {
      throw new Error('a listener of ours is broken')
    })
    watcher.watchGenerations((change) => seen.push(change))
    await hearing()
    await aRun(writer)
    await vi.waitFor(() => expect(seen).toHaveLength(1))
  })
})
