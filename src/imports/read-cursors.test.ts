import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newWalk } from './commit-step.ts'
import type { WalkRecord } from './ports.ts'
import { createCursorPool, type CursorStep } from './read-cursors.ts'

const walkOf = (shard: number): WalkRecord =>
  newWalk({ runId: 'run_1', collection: 'users' }, shard)

const stepOf = (shard: number, isRestart = false): CursorStep => ({
  shard,
  isRestart,
  advance: (walk) => ({ walk: { ...walk, pages: walk.pages + 1 }, lines: [] }),
})

describe('a pool of cursors that fails', () => {
  it('gives what was read before, then the failure, and takes nothing from the others', async () => {
    const late = Promise.withResolvers<void>()
    const pool = createCursorPool(
      [walkOf(0), walkOf(1)],
      { cursors: 2, ahead: 10 },
      async ({ shard }, sink) => {
        await sink.push(stepOf(shard))
        if (shard === 0) throw new Error('Graph refused')
        await late.promise
        await sink.push(stepOf(shard))
      },
    )
    expect((await pool.take(10))?.map(({ shard }) => shard)).toEqual([0, 1])
    await expect(pool.take(10)).rejects.toThrow('Graph refused')
    late.resolve()
    await expect(pool.take(10)).rejects.toThrow('Graph refused')
  })

  it('lets go of those who wait for room', async () => {
    const ended: number[] = []
    const pool = createCursorPool(
      [walkOf(0), walkOf(1)],
      { cursors: 2, ahead: 1 },
      async ({ shard }, sink) => {
        try {
          await sink.push(stepOf(shard))
        } finally {
          ended.push(shard)
        }
        throw new Error('lost')
      },
    )
    await pool.take(1)
    await expect(
      (async () => {
        for (;;) await pool.take(1)
      })(),
    ).rejects.toThrow('lost')
    expect(ended.toSorted((a, b) => a - b)).toEqual([0, 1])
  })
})

describe('a pool of cursors', () => {
  it('of no walk is over at once', async () => {
    const pool = createCursorPool([], { cursors: 4, ahead: 4 }, () =>
      Promise.reject(new Error('x')),
    )
    expect(await pool.take(1)).toBeUndefined()
  })

  it('tells a reader that waits for a step once it is committed', async () => {
    const seen: number[] = []
    const pool = createCursorPool([walkOf(0)], { cursors: 1, ahead: 4 }, async (walk, sink) => {
      await sink.push(stepOf(0))
      seen.push((await sink.settle(stepOf(walk.shard, true))).pages)
    })
    const first = (await pool.take(1)) ?? []
    const second = (await pool.take(1)) ?? []
    expect([...first, ...second].map(({ isRestart }) => isRestart)).toEqual([false, true])
    for (const step of second) pool.committed(step, { ...walkOf(0), pages: 7 })
    expect(await pool.take(1)).toBeUndefined()
    expect(seen).toEqual([7])
  })

  it('reads every walk to its end, each in order, no more of them at a time than it may', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 4 }),
        async (lengths, cursors, ahead, limit) => {
          let reading = 0
          let most = 0
          const order = new Map<CursorStep, number>()
          const pool = createCursorPool(
            lengths.map((_, shard) => walkOf(shard)),
            { cursors, ahead },
            async ({ shard }, sink) => {
              most = Math.max(most, ++reading)
              for (let i = 0; i < (lengths[shard] ?? 0); i++) {
                const step = stepOf(shard)
                order.set(step, i)
                await sink.push(step)
              }
              reading--
            },
          )
          const got: [number, number | undefined][] = []
          for (let steps = await pool.take(limit); steps !== undefined;) {
            got.push(...steps.map((step) => [step.shard, order.get(step)] as [number, number]))
            steps = await pool.take(limit)
          }
          for (const [shard, length] of lengths.entries()) {
            const own = got.filter(([of]) => of === shard).map(([, i]) => i)
            expect(own).toEqual(Array.from({ length }, (_, i) => i))
          }
          expect(most).toBeLessThanOrEqual(cursors)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('has a cursor read on once its own step is taken, however many others wait', async () => {
    const handed: number[] = []
    const pool = createCursorPool(
      Array.from({ length: 8 }, (_, shard) => walkOf(shard)),
      { cursors: 8, ahead: 1 },
      async ({ shard }, sink) => {
        for (let i = 0; i < 2; i++) {
          handed.push(shard)
          await sink.push(stepOf(shard))
        }
      },
    )
    await new Promise(setImmediate)
    const before = handed.length
    const [taken] = (await pool.take(1)) ?? []
    await new Promise(setImmediate)
    expect(handed.slice(before)).toEqual([taken?.shard])
  })

  it('holds no more steps than it may, whoever is slow', async () => {
    let handed = 0
    const pool = createCursorPool(
      Array.from({ length: 8 }, (_, shard) => walkOf(shard)),
      { cursors: 8, ahead: 3 },
      async ({ shard }, sink) => {
        for (let i = 0; i < 50; i++) {
          handed++
          await sink.push(stepOf(shard))
        }
      },
    )
    let taken = 0
    for (let steps = await pool.take(2); steps !== undefined; steps = await pool.take(2)) {
      taken += steps.length
      // A turn of the loop, in which every reader does what it can.
      await new Promise(setImmediate)
      // Each cursor may come with one step and wait with it.
      expect(handed - taken).toBeLessThanOrEqual(3 + 8)
    }
    expect(taken).toBe(400)
  })
})
