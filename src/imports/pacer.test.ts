import { describe, expect, test } from 'vitest'
import { createManualClock, type ManualClock } from '../kernel/index.ts'
import { createPacer, type LoweredPace, type Pacer, type Permit } from './pacer.ts'

const page = { units: 1, kind: 'users' }

interface World {
  readonly clock: ManualClock
  readonly pacer: Pacer
  readonly lowered: LoweredPace[]
}

function makeWorld(): World {
  const clock = createManualClock()
  const lowered: LoweredPace[] = []
  return { clock, lowered, pacer: createPacer(clock, (pace) => lowered.push(pace)) }
}

/** Asks for leave; `granted` fills in the order in which it is given. */
function ask(pacer: Pacer, granted: string[], name: string, signal?: AbortSignal): Promise<Permit> {
  return pacer.acquire(page, signal).then((permit) => {
    granted.push(name)
    return permit
  })
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Sends so many requests, `atOnce` at a time, each of which takes `ms`. */
async function sendMany(
  { clock, pacer }: World,
  count: number,
  atOnce: number,
  ms: number,
): Promise<void> {
  for (let sent = 0; sent < count; sent += atOnce) {
    const permits = await Promise.all(Array.from({ length: atOnce }, () => pacer.acquire(page)))
    await clock.advance(ms)
    for (const permit of permits) {
      permit.answered({}, 200, ms)
      permit.release()
    }
  }
}

describe('while Graph throttles', () => {
  test('nobody sends before the longest Retry-After ends, and then in the order they came', async () => {
    const { clock, pacer } = makeWorld()
    const [first, second] = [await pacer.acquire(page), await pacer.acquire(page)]
    const granted: string[] = []
    first?.throttled(10_000)
    first?.release()
    for (const name of ['a', 'b', 'c']) {
      void ask(pacer, granted, name).then((permit) => permit.release())
    }
    await clock.advance(4_000)
    expect(second?.throttled(10_000)).toBe(4_000)
    second?.release()
    await clock.advance(9_999)
    expect(granted).toEqual([])
    await clock.advance(3_000)
    expect(granted).toEqual(['a', 'b', 'c'])
  })

  test('several refusals of requests that were in flight together lower the pace once', async () => {
    const { clock, lowered, pacer } = makeWorld()
    const permits = await Promise.all(Array.from({ length: 8 }, () => pacer.acquire(page)))
    await clock.advance(100)
    for (const permit of permits) {
      permit.throttled(5_000)
      permit.release()
    }
    expect(lowered).toEqual([{ cause: 'throttled', slots: 6 }])
    expect(pacer.pausesInARow()).toBe(1)
  })

  test('pauses in a row are counted until a request sent after them succeeds', async () => {
    const { clock, pacer } = makeWorld()
    for (const pauses of [1, 2, 3]) {
      const permit = await pacer.acquire(page)
      permit.throttled(1_000)
      permit.release()
      await clock.advance(2_000)
      expect(pacer.pausesInARow()).toBe(pauses)
    }
    const permit = await pacer.acquire(page)
    permit.answered({}, 200, 10)
    expect(pacer.pausesInARow()).toBe(0)
  })

  test('who gives up waiting is passed over, and what is asked for afterwards is granted', async () => {
    const { clock, pacer } = makeWorld()
    const permit = await pacer.acquire(page)
    permit.throttled(1_000)
    permit.release()
    const giver = new AbortController()
    const granted: string[] = []
    const given = ask(pacer, granted, 'gone', giver.signal)
    const stays = ask(pacer, granted, 'stays')
    giver.abort(new Error('stopped'))
    await expect(given).rejects.toThrow('stopped')
    await clock.advance(5_000)
    await stays
    expect(granted).toEqual(['stays'])
    expect(clock.pending()).toBe(0)
    await expect(pacer.acquire(page, giver.signal)).rejects.toThrow('stopped')
  })
})

describe('after a throttle', () => {
  test('no more units a second are spent than were borne, and they rise again', async () => {
    const world = makeWorld()
    const { clock, lowered, pacer } = world
    await sendMany(world, 400, 4, 10)
    const permit = await pacer.acquire(page)
    permit.throttled(1_000)
    permit.release()
    // 400 units in the one second before and the one of the pause.
    expect(lowered[0]).toMatchObject({ cause: 'throttled', unitsPerSecond: 190 })
    const startedAt = clock.monotonic()
    const spend = async (units: number): Promise<void> => {
      for (let spent = 0; spent < units; spent++) {
        const next = pacer.acquire(page)
        await settled()
        while (clock.pending() > 0) await clock.advance(1)
        const leave = await next
        leave.answered({}, 200, 0)
        leave.release()
      }
    }
    await spend(570)
    const seconds = (clock.monotonic() - startedAt - 1_000) / 1_000
    expect(seconds).toBeGreaterThan(2)
    expect(seconds).toBeLessThan(3)
    await clock.advance(200_000)
    const later = clock.monotonic()
    await spend(400)
    expect(clock.monotonic()).toBe(later)
  })

  test('one request at a time is the least, however often Graph complains', async () => {
    const { clock, lowered, pacer } = makeWorld()
    for (let i = 0; i < 30; i++) {
      const permit = await pacer.acquire(page)
      permit.throttled(1_000)
      permit.release()
      await clock.advance(2_000)
    }
    expect(lowered.at(-1)).toEqual({ cause: 'throttled', slots: 1 })
  })
})

describe('before a throttle', () => {
  test('a run that is not throttled never waits', async () => {
    const world = makeWorld()
    await sendMany(world, 48 * 20, 48, 100)
    expect(world.clock.monotonic()).toBe(20 * 100)
    expect(world.lowered).toEqual([])
  })

  test('more than 48 at a time wait for one another', async () => {
    const { pacer } = makeWorld()
    const granted: string[] = []
    const permits = Array.from({ length: 49 }, (_, i) => ask(pacer, granted, String(i)))
    await settled()
    expect(granted).toHaveLength(48)
    const first = await permits[0]
    first?.release()
    first?.release()
    await settled()
    expect(granted).toHaveLength(49)
  })

  test('fewer are sent at a time when Graph says that it nears its limit', async () => {
    const { lowered, pacer } = makeWorld()
    const permits = await Promise.all(Array.from({ length: 16 }, () => pacer.acquire(page)))
    for (const permit of permits) {
      permit.answered({ 'x-ms-throttle-limit-percentage': '0.9' }, 200, 100)
      permit.release()
    }
    expect(lowered).toEqual([{ cause: 'strained', slots: 12 }])
  })

  test('fewer are sent at a time when answers take twice as long, and more when that helped', async () => {
    const world = makeWorld()
    await sendMany(world, 32, 16, 200)
    await sendMany(world, 16, 16, 500)
    expect(world.lowered).toEqual([{ cause: 'slow', slots: 12 }])
    await sendMany(world, 12 * 8, 12, 210)
    const granted: string[] = []
    for (let i = 0; i < 48; i++) void ask(world.pacer, granted, String(i))
    await settled()
    expect(granted.length).toBeGreaterThan(12)
  })

  test('this host is named where it is why, told once a minute, and nobody is held back', async () => {
    const clock = createManualClock()
    const lowered: LoweredPace[] = []
    const told: number[] = []
    let lateMs = 0
    const host = { lateMs: () => lateMs, onSlow: (ms: number) => void told.push(ms) }
    const pacer = createPacer(clock, (pace) => lowered.push(pace), host)
    const world = { clock, lowered, pacer }
    await sendMany(world, 64, 16, 100)
    lateMs = 60
    await sendMany(world, 64, 16, 280)
    expect({ lowered, told }).toEqual({ lowered: [], told: [60] })
    await clock.advance(60_000)
    await sendMany(world, 16, 16, 280)
    expect(told).toEqual([60, 60])
    // A host that is in time does not explain it.
    lateMs = 19
    await sendMany(world, 16, 16, 280)
    expect(lowered).toEqual([{ cause: 'slow', slots: 12 }])
  })

  test('all are sent again when fewer did not make it faster: the slowness is Graph’s own', async () => {
    const world = makeWorld()
    await sendMany(world, 32, 16, 200)
    await sendMany(world, 16, 16, 500)
    await sendMany(world, 24, 12, 500)
    await sendMany(world, 48 * 4, 48, 500)
    expect(world.lowered).toEqual([{ cause: 'slow', slots: 12 }])
  })
})

test('units are what Graph says they were, and what was foretold where it says nothing', async () => {
  const { pacer } = makeWorld()
  const permit = await pacer.acquire({ units: 2, kind: 'users' })
  expect(permit.answered({ 'x-ms-resource-unit': '5' }, 200, 1)).toBe(5)
  expect(permit.answered({ 'x-ms-resource-unit': 'many' }, 429, 1)).toBe(2)
})
