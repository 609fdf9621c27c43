import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { aVault } from '../../../test/contract/builders.ts'
import { preparedDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { createManualClock, systemClock, type Clock } from '../../kernel/index.ts'
import { openPostgresStore } from '../index.ts'
import type { Store } from '../store.ts'

let database: TestDatabase
const opened: Store[] = []
const open = async (clock: Clock): Promise<Store> => {
  const { url, password } = database
  const store = await openPostgresStore({ url, password, vault: aVault(), clock, role: 'main' })
  opened.push(store)
  return store
}
/** A host whose wall clock is wrong. */
const off = (milliseconds: number): Clock => ({
  ...systemClock,
  now: () => systemClock.now() + milliseconds,
})
const serverTime = async (): Promise<number> => {
  const sql = 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS time'
  return Number((await database.query(sql))[0]?.['time'])
}

beforeEach(async () => {
  database = await preparedDatabase()
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  await database.dispose()
})

describe('the clock of a store', () => {
  it('is one for nodes whose hosts are ten minutes apart', async () => {
    const [ahead, behind] = [await open(off(600_000)), await open(off(-600_000))]
    const [early, late] = [ahead.clock.now(), behind.clock.now()]
    expect(Math.abs(early - late)).toBeLessThan(100)
    const before = await serverTime()
    const told = ahead.clock.now()
    const after = await serverTime()
    expect(told).toBeGreaterThan(before - 100)
    expect(told).toBeLessThan(after + 100)
  })

  it('is carried by the host’s monotonic clock and not by its wall clock', async () => {
    const host = createManualClock()
    const { clock } = await open(host)
    const start = clock.now()
    await host.advance(1_500)
    expect(clock.now() - start).toBe(1_500)
    host.set(host.now() + 1_000)
    expect(clock.now() - start).toBe(1_500)
  })

  it('is measured anew every 30 seconds, and follows a server that was set right', async () => {
    const host = createManualClock()
    const { clock } = await open(host)
    // The host's monotonic clock runs a minute ahead of the server, as if that had been set back.
    await host.advance(29_999)
    expect(clock.now() - (await serverTime())).toBeGreaterThan(25_000)
    await host.advance(1)
    await vi.waitFor(async () => {
      expect(Math.abs(clock.now() - (await serverTime()))).toBeLessThan(5_000)
    })
  })

  it('is measured anew when the host seems to have slept', async () => {
    const host = createManualClock()
    let slept = 0
    const { clock } = await open({ ...host, monotonic: () => host.monotonic() - slept })
    slept = 60_000
    clock.now()
    await vi.waitFor(async () => {
      expect(Math.abs(clock.now() - (await serverTime()))).toBeLessThan(5_000)
    })
  })
})
