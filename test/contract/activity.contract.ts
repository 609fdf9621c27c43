import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ActivityCount } from '../../src/activity/index.ts'
import type { Store } from '../../src/store/index.ts'
import type { MakeStore, SharedStore } from './builders.ts'

const aCount = (over: Partial<ActivityCount> = {}): ActivityCount => ({
  hour: 100,
  kind: 'calls',
  connection: 'csp',
  count: 1,
  ...over,
})

/** What every `ActivityStore` does. */
export function describeActivityStore(kind: string, makeStore: MakeStore): void {
  describe(`activity in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())

    it('takes nothing for something', async () => {
      await one.activity.addActivity([])
      expect(await two.activity.totalActivity(0, 1_000)).toEqual([])
    })

    it('loses no count when many processes add to the same hour at once', async () => {
      const names = ['a', 'b', 'c', 'd']
      const adding = Array.from({ length: 20 }, async (_, i) => {
        const counts = names.map((connection) => aCount({ connection, count: 2 }))
        const ordered = i % 2 === 0 ? counts : counts.toReversed()
        await (i % 2 === 0 ? one : two).activity.addActivity(ordered)
      })
      await Promise.all(adding)
      expect(await one.activity.totalActivity(100, 101)).toEqual([
        { hour: 100, kind: 'calls', count: 160 },
      ])
      const busiest = await two.activity.busiestActivity(100, 101, 10)
      expect(busiest).toEqual(names.map((connection) => aCount({ connection, count: 40 })))
    })

    it('tells the hours that are asked for, and the connections with most', async () => {
      await one.activity.addActivity([
        aCount({ hour: 99, count: 7 }),
        aCount({ count: 3 }),
        aCount({ connection: 'idle' }),
        aCount({ connection: 'busy', kind: 'replayed', count: 5 }),
        // Of no connection: in the totals alone.
        aCount({ connection: '', count: 90 }),
        aCount({ hour: 101, count: 9 }),
      ])
      expect(await one.activity.totalActivity(100, 101)).toEqual([
        { hour: 100, kind: 'calls', count: 94 },
        { hour: 100, kind: 'replayed', count: 5 },
      ])
      expect(await one.activity.busiestActivity(100, 101, 2)).toEqual([
        aCount({ connection: 'busy', kind: 'replayed', count: 5 }),
        aCount({ count: 3 }),
      ])
    })

    it('forgets what is old, a bounded number at a time', async () => {
      await one.activity.addActivity([98, 99, 100].map((hour) => aCount({ hour })))
      expect(await one.activity.sweepActivity(100, 1)).toBe(1)
      expect(await two.activity.sweepActivity(100, 10)).toBe(1)
      expect(await two.activity.sweepActivity(100, 10)).toBe(0)
      expect(await one.activity.totalActivity(0, 1_000)).toEqual([
        { hour: 100, kind: 'calls', count: 1 },
      ])
    })
  })
}
