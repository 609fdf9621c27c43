/** Something that may hold back a moment what it has to say. */
export interface Flushable {
  flush(): void
}

/** Flushes whatever was added, once everything that has come by now was looked at. */
export interface Flushes {
  add(one: Flushable): void
}

/** Makes flushes that share one look for all that was added in a turn of the event loop. */
export function createFlushes(): Flushes {
  let waiting: Flushable[] = []
  const flushAll = (): void => {
    const all = waiting
    waiting = []
    for (const one of all) one.flush()
  }
  return {
    add: (one) => {
      if (waiting.length === 0) setImmediate(flushAll)
      waiting.push(one)
    },
  }
}
