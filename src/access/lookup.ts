import { EvergrantError, type Clock } from '../kernel/index.ts'

/**
 * Looks callers or sessions up in the store, no more often than guessing strangers could make it
 * hurt.
 */
export interface Lookup<T> {
  /** The one in memory; undefined when it is not there. */
  known(id: string): T | undefined
  /**
   * The one from the store; those who ask for the same one meanwhile share the answer. Undefined
   * when there is none, which is remembered for a short while.
   *
   * @throws `store_*`; `caller_throttled` while too many that do not exist were asked for.
   */
  find(id: string): Promise<T | undefined>
  /** Forgets everything; answers under way are no longer shared or remembered. */
  forget(): void
}

/** How long it is remembered that there is none (ms). */
const absentMs = 10_000
/** Those that do not exist, as many as are remembered. */
const absentLimit = 4_096
/** Those that exist, as many as are remembered. */
const knownLimit = 20_000
/** Look-ups under way at once. */
const pendingLimit = 256
/** Fruitless look-ups in a second; after that nobody unknown is looked up until it is over. */
const fruitlessPerSecond = 100

/** Makes the look-ups of one process. */
export function createLookup<T>(
  findStored: (id: string) => Promise<T | undefined>,
  clock: Pick<Clock, 'monotonic'>,
): Lookup<T> {
  let known = new Map<string, T>()
  /** Known before everything was forgotten: no guesses, so that no flood of those holds them up. */
  const former = new Map<string, true>()
  let absent = new Map<string, number>()
  let pending = new Map<string, Promise<T | undefined>>()
  let second = { startedAt: Number.NEGATIVE_INFINITY, fruitless: 0 }

  const refuseFlood = (id: string): void => {
    const leftMs = second.startedAt + 1_000 - clock.monotonic()
    const isFlood = leftMs > 0 && second.fruitless >= fruitlessPerSecond
    if (isFlood && !former.has(id)) throw flooded(leftMs)
    if (pending.size >= pendingLimit) throw flooded(1_000)
  }

  const noteFruitless = (id: string, gone: Map<string, number>): void => {
    const now = clock.monotonic()
    if (now >= second.startedAt + 1_000) second = { startedAt: now, fruitless: 0 }
    second.fruitless++
    remember(gone, id, now + absentMs, absentLimit)
  }

  const ask = async (id: string): Promise<T | undefined> => {
    // What is forgotten meanwhile takes these maps with it, so a stale answer lands nowhere.
    const [living, gone, asked] = [known, absent, pending]
    try {
      const record = await findStored(id)
      // What was forgotten meanwhile has to be found once more.
      if (record === undefined || living === known) former.delete(id)
      if (record === undefined) noteFruitless(id, gone)
      else remember(living, id, record, knownLimit)
      return record
    } finally {
      asked.delete(id)
    }
  }

  return {
    known: (id) => known.get(id),
    find: async (id) => {
      const absentUntil = absent.get(id)
      if (absentUntil !== undefined && clock.monotonic() < absentUntil) return undefined
      let answer = pending.get(id)
      if (answer === undefined) {
        refuseFlood(id)
        answer = ask(id)
        pending.set(id, answer)
      }
      return await answer
    },
    forget: () => {
      for (const id of known.keys()) remember(former, id, true, knownLimit)
      known = new Map()
      absent = new Map()
      pending = new Map()
    },
  }
}

/** Keeps an entry, letting the oldest go when there are too many. */
export function remember<T>(map: Map<string, T>, key: string, value: T, limit: number): void {
  if (map.size >= limit) {
    const oldest = map.keys().next()
    if (oldest.done !== true) map.delete(oldest.value)
  }
  map.set(key, value)
}

function flooded(retryAfterMs: number): EvergrantError {
  return new EvergrantError(
    'caller_throttled',
    'too many callers that do not exist were asked for; those already known are not affected',
    { retryAfterMs: Math.ceil(retryAfterMs) },
  )
}
