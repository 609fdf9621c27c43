import type { ActivityCount, ActivityKind, ActivityStore } from './ports.ts'

/** Counts what happens, and writes the counts now and then. */
export interface ActivityCounter {
  /** Counts one. Costs an increment; never waits and never throws. */
  count(kind: ActivityKind, connection: string, at: number): void
  /**
   * Adds what was counted to the store. When that fails it is counted still, and written with the
   * next; rejects with what the store says.
   */
  flush(): Promise<void>
}

/** Most connections that are told apart within an hour; further ones are counted together. */
export const mostConnections = 2_000
/** Most hours that wait for a store which is away; of more the oldest are forgotten. */
const mostHours = 48

/** Makes a counter that holds a bounded number of counts. */
export function createActivityCounter(store: ActivityStore): ActivityCounter {
  /** By hour, then kind and connection. */
  const hours = new Map<number, Map<string, number>>()
  let current = { hour: -1, counts: new Map<string, number>() }
  let flushing = Promise.resolve()

  const countsOf = (hour: number): Map<string, number> => {
    if (hour === current.hour) return current.counts
    let counts = hours.get(hour)
    if (counts === undefined) {
      counts = new Map()
      hours.set(hour, counts)
      // What a store did not take is counted again after newer hours were begun.
      if (hours.size > mostHours) hours.delete(Math.min(...hours.keys()))
    }
    current = { hour, counts }
    return counts
  }
  const add = (hour: number, kind: ActivityKind, connection: string, count: number): void => {
    const counts = countsOf(hour)
    const key = `${kind} ${connection}`
    const known = counts.get(key)
    const isTooMany = known === undefined && counts.size >= mostConnections
    const place = isTooMany ? `${kind} ` : key
    counts.set(place, (isTooMany ? (counts.get(place) ?? 0) : (known ?? 0)) + count)
  }
  const takeAll = (): readonly ActivityCount[] => {
    const taken = [...hours].flatMap(([hour, counts]) =>
      [...counts].map(([key, count]) => {
        const [kind = '', connection = ''] = key.split(' ')
        return { hour, kind: kind as ActivityKind, connection, count }
      }),
    )
    hours.clear()
    current = { hour: -1, counts: new Map() }
    return taken
  }
  const write = async (): Promise<void> => {
    const taken = takeAll()
    if (taken.length === 0) return
    try {
      await store.addActivity(taken)
    } catch (error) {
      for (const { hour, kind, connection, count } of taken) add(hour, kind, connection, count)
      throw error
    }
  }
  return {
    count: (kind, connection, at) => add(Math.floor(at / 3_600_000), kind, connection, 1),
    flush: () => {
      flushing = flushing.catch(() => {}).then(write)
      return flushing
    },
  }
}
