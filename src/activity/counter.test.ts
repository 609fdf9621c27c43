import { describe, expect, it } from 'vitest'
import { createActivityCounter, mostConnections } from './counter.ts'
import type { ActivityCount, ActivityStore } from './ports.ts'

const hourMs = 3_600_000

function aStore(): ActivityStore & { readonly written: ActivityCount[][]; isAway: boolean } {
  const none = async (): Promise<never[]> => []
  const store = {
    written: [] as ActivityCount[][],
    isAway: false,
    addActivity: async (counts: readonly ActivityCount[]) => {
      if (store.isAway) throw new Error('away')
      store.written.push([...counts])
    },
    totalActivity: none,
    busiestActivity: none,
    sweepActivity: async () => 0,
  }
  return store
}

describe('the counter of activity', () => {
  it('writes nothing when nothing happened', async () => {
    const store = aStore()
    await createActivityCounter(store).flush()
    expect(store.written).toEqual([])
  })

  it('adds up by hour, kind and connection, and begins anew once written', async () => {
    const store = aStore()
    const counter = createActivityCounter(store)
    counter.count('calls', 'csp', 10 * hourMs)
    counter.count('calls', 'csp', 10 * hourMs + 5)
    counter.count('replayed', 'csp', 10 * hourMs)
    counter.count('calls', 'other', 11 * hourMs)
    counter.count('calls', 'csp', 10 * hourMs + 6)
    await counter.flush()
    await counter.flush()
    expect(store.written).toEqual([
      [
        { hour: 10, kind: 'calls', connection: 'csp', count: 3 },
        { hour: 10, kind: 'replayed', connection: 'csp', count: 1 },
        { hour: 11, kind: 'calls', connection: 'other', count: 1 },
      ],
    ])
  })

  it('keeps what a store that is away did not take, and writes it once', async () => {
    const store = aStore()
    const counter = createActivityCounter(store)
    counter.count('lapsed', 'csp', 0)
    store.isAway = true
    await expect(counter.flush()).rejects.toThrow('away')
    counter.count('lapsed', 'csp', 1)
    store.isAway = false
    await Promise.all([counter.flush(), counter.flush()])
    expect(store.written).toEqual([[{ hour: 0, kind: 'lapsed', connection: 'csp', count: 2 }]])
  })

  it('holds a bounded number of counts, and loses none of them', async () => {
    const store = aStore()
    const counter = createActivityCounter(store)
    const all = mostConnections * 2
    for (let i = 0; i < all; i++) counter.count('calls', `c${i}`, 0)
    await counter.flush()
    const [written = []] = store.written
    expect(written.length).toBeLessThanOrEqual(mostConnections + 1)
    expect(written.reduce((sum, { count }) => sum + count, 0)).toBe(all)
  })

  it('forgets the oldest hours first while the store is away', async () => {
    const store = aStore()
    const counter = createActivityCounter(store)
    const addActivity = store.addActivity
    for (let hour = 0; hour < 60; hour++) {
      counter.count('calls', 'csp', hour * hourMs)
      // What is counted while the store is asked is newer than what it did not take.
      store.addActivity = async () => {
        counter.count('calls', 'csp', hour * hourMs + 1)
        throw new Error('away')
      }
      await expect(counter.flush()).rejects.toThrow('away')
    }
    store.addActivity = addActivity
    await counter.flush()
    const hours = store.written.flat().map(({ hour }) => hour)
    expect(hours.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 48 }, (_, i) => 12 + i))
  })
})
