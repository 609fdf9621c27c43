import type pg from 'pg'
import type { Clock } from '../../kernel/index.ts'
import {
  noGenerations,
  type GenerationChange,
  type Generations,
  type GenerationTopic,
} from '../store.ts'
import { withGoodbye, type BumpedCounter, type Connection, type Reader } from './connection.ts'
import { fromDriver } from './errors.ts'

/** Every topic, in the order in which changes are told. */
export const topics = Object.keys(noGenerations) as readonly GenerationTopic[]

/** How often the counters are looked at, whatever notifications say (ms); half the promised second. */
const pollEveryMs = 500
const firstReconnectMs = 250
const longestReconnectMs = 5_000

/** The channel on which processes tell each other that they have committed something. */
const channel = 'evergrant_generations'

interface CounterRow {
  readonly topic: GenerationTopic
  readonly shard: number
  readonly generation: number
}

/** Notices and tells what other processes change. */
export interface GenerationWatch {
  readonly watch: (listener: (change: GenerationChange) => void) => () => void
  /** Takes note of counters that this store raised itself, and tells the other processes. */
  readonly noteOwn: (bumped: readonly BumpedCounter[]) => void
  /** Ends every watch and waits until its connection is gone. */
  readonly end: () => Promise<void>
}

/** Reads the counters of all shards. */
export async function readCounters(reader: Reader): Promise<readonly CounterRow[]> {
  return await reader.rows<CounterRow>('SELECT topic, shard, generation FROM evergrant.generations')
}

/** Adds the counters of every topic up. */
export function sumOf(counters: readonly CounterRow[]): Generations {
  const sums: Record<GenerationTopic, number> = { ...noGenerations }
  for (const { topic, generation } of counters) if (topic in sums) sums[topic] += generation
  return sums
}

/**
 * Watches the counters for several listeners: a connection of its own hears notifications, and the
 * counters are read every half second besides, for notifications may be lost or kept back by a
 * pooler. Both run only while someone listens.
 *
 * @param initial The counters as they were when the store was opened.
 */
export function createGenerationWatch(
  connection: Connection,
  clock: Clock,
  initial: readonly CounterRow[],
  instanceId: string,
  { onReconnected }: { readonly onReconnected: () => void },
): GenerationWatch {
  const listeners = new Set<(change: GenerationChange) => void>()
  const known = new Map(initial.map((row) => [keyOf(row), row.generation]))
  let stop: (() => Promise<void>) | undefined
  let stopping: Promise<unknown> = Promise.resolve()
  let looking: Promise<void> | undefined
  let lookAgain = false

  const tell = (change: GenerationChange): void => {
    for (const listener of listeners) {
      try {
        listener(change)
      } catch {
        // A listener that is broken must not keep the news from the others.
      }
    }
  }

  const lookOnce = async (): Promise<void> => {
    const counters = await connection.read(readCounters)
    // What this store raised itself is known by its exact value, so a greater one is of another.
    const risen = counters.filter((row) => row.generation > (known.get(keyOf(row)) ?? 0))
    for (const row of risen) known.set(keyOf(row), row.generation)
    const changed = topics.filter((topic) => risen.some((row) => row.topic === topic))
    if (changed.length > 0) tell({ topics: changed, generations: sumOf(counters) })
  }
  /** Looks now; a call that comes during a look makes another one follow. */
  const look = (): void => {
    if (looking !== undefined) {
      lookAgain = true
      return
    }
    looking = lookOnce()
      // The database is away for the moment; the next look sees what was missed, and whoever uses
      // the store meanwhile gets the error itself.
      .catch(() => {})
      .finally(() => {
        looking = undefined
        if (!lookAgain) return
        lookAgain = false
        look()
      })
  }

  const start = (): (() => Promise<void>) => {
    let cancelPoll = (): void => {}
    const poll = (): void => {
      cancelPoll = clock.schedule(pollEveryMs, poll)
      look()
    }
    cancelPoll = clock.schedule(pollEveryMs, poll)
    const stopListening = listen(connection, clock, {
      onHeard: (payload) => {
        if (payload !== instanceId) look()
      },
      // What was told while nobody listened is lost.
      onListening: (isFirst) => {
        look()
        if (!isFirst) onReconnected()
      },
    })
    return async () => {
      cancelPoll()
      lookAgain = false
      await stopListening()
      await looking
    }
  }

  const stopNow = (): void => {
    const end = stop
    if (end === undefined) return
    stop = undefined
    stopping = Promise.all([stopping, end()])
  }

  const announce = announcer(connection, instanceId)
  return {
    watch: (listener) => {
      stop ??= start()
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) stopNow()
      }
    },
    noteOwn: (bumped) => {
      for (const row of bumped) {
        const before = known.get(keyOf(row)) ?? 0
        // A gap means that another process raised it in between: left for the next look.
        if (before === row.generation - 1) known.set(keyOf(row), row.generation)
      }
      announce.tell()
    },
    end: async () => {
      listeners.clear()
      stopNow()
      await Promise.all([stopping, announce.settled()])
    },
  }
}

function keyOf({ topic, shard }: CounterRow): string {
  return `${topic} ${shard}`
}

/**
 * Tells other processes that something was committed, one notification at a time; what is committed
 * meanwhile shares the next. It is no part of the transactions themselves: the server commits those
 * that notify one after the other. When it is lost, polling notices the change.
 */
function announcer(
  connection: Connection,
  instanceId: string,
): { tell(): void; settled(): Promise<void> } {
  let telling: Promise<void> | undefined
  let tellAgain = false
  const tell = (): void => {
    if (telling !== undefined) {
      tellAgain = true
      return
    }
    telling = connection
      .withClient(async (client) => {
        await fromDriver(
          client.query(
            `BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL statement_timeout = 2000; ` +
              `SELECT pg_notify('${channel}', '${instanceId}'); COMMIT`,
          ),
        )
      })
      .catch(() => {})
      .finally(() => {
        telling = undefined
        if (!tellAgain) return
        tellAgain = false
        tell()
      })
  }
  return {
    tell,
    settled: async () => {
      for (let each = telling; each !== undefined; each = telling) await each
    },
  }
}

/** Keeps one connection that hears notifications, made anew whenever it breaks. */
function listen(
  connection: Connection,
  clock: Clock,
  on: {
    readonly onHeard: (payload: string) => void
    readonly onListening: (isFirst: boolean) => void
  },
): () => Promise<void> {
  const ended = new AbortController()
  let current: pg.Client | undefined
  let isFirst = true

  const listenOnce = async (): Promise<void> => {
    const client = connection.makeClient()
    const broken = new Promise<void>((resolve) => {
      client.once('end', resolve)
      client.once('error', () => resolve())
    })
    client.on('notification', ({ payload }) => on.onHeard(payload ?? ''))
    current = client
    try {
      // The driver leaves `connect` unsettled when a client is ended before it is connected.
      await Promise.race([client.connect(), broken])
      if (!ended.signal.aborted) {
        await client.query(`LISTEN ${channel}`)
        on.onListening(isFirst)
        isFirst = false
        await broken
      }
    } finally {
      current = undefined
      await client.end().catch(() => {})
    }
  }
  const run = async (): Promise<void> => {
    let waitMs = firstReconnectMs
    while (!ended.signal.aborted) {
      const since = clock.monotonic()
      try {
        await listenOnce()
      } catch {
        // Polling goes on meanwhile.
      }
      if (clock.monotonic() - since > longestReconnectMs) waitMs = firstReconnectMs
      await clock.sleep(waitMs, { signal: ended.signal }).catch(() => {})
      waitMs = Math.min(waitMs * 2, longestReconnectMs)
    }
  }
  const running = run()
  return async () => {
    ended.abort()
    const client = current
    const goodbye = async (): Promise<void> => {
      await client?.end().catch(() => {})
      await running
    }
    await withGoodbye(clock, goodbye, client === undefined ? [] : [client])
  }
}
