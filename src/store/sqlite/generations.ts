import type { Clock } from '../../kernel/index.ts'
import {
  noGenerations,
  type GenerationChange,
  type Generations,
  type GenerationTopic,
} from '../store.ts'
import type { Connection } from './connection.ts'

/** How often `data_version` is looked at (ms); half of the promised second. */
const pollEveryMs = 500

const topics = Object.keys(noGenerations) as readonly GenerationTopic[]

/** Counts a change; call it inside the transaction that makes the change. */
export function bumpGeneration(connection: Connection, topic: GenerationTopic): void {
  connection
    .prepare<[string]>('UPDATE generations SET generation = generation + 1 WHERE topic = ?')
    .run(topic)
}

/** Reads one generation. */
export function readGeneration({ prepare }: Connection, topic: GenerationTopic): number {
  const row = prepare<[string], { generation: number }>(
    'SELECT generation FROM generations WHERE topic = ?',
  ).get(topic)
  return row?.generation ?? 0
}

/** Reads all generations. */
export function readGenerations(connection: Connection): Generations {
  const rows = connection
    .prepare<[], { topic: GenerationTopic; generation: number }>(
      'SELECT topic, generation FROM generations',
    )
    .all()
  const generations: Record<GenerationTopic, number> = { ...noGenerations }
  for (const { topic, generation } of rows)
    if (topic in generations) generations[topic] = generation
  return generations
}

/** How the generations stood at one time. */
export interface GenerationMark {
  readonly dataVersion: number
  readonly generations: Generations
}

/** Notes how the generations stand. */
export function markGenerations(connection: Connection): GenerationMark {
  // The version first: a commit between the two reads is then seen by the next poll.
  const dataVersion = connection.dataVersion()
  return { dataVersion, generations: readGenerations(connection) }
}

/**
 * Watches the generations for several listeners with one timer, which runs only while one listens.
 *
 * @param initial As they were when the store was opened. What has changed since, or since the last
 *   one listened, is told as well: whoever reads something and watches then misses nothing in
 *   between.
 */
export function createGenerationWatch(
  connection: Connection,
  clock: Clock,
  initial: GenerationMark,
): {
  watch(listener: (change: GenerationChange) => void): () => void
  end(): void
} {
  const listeners = new Set<(change: GenerationChange) => void>()
  let { dataVersion, generations: known } = initial
  let cancel: (() => void) | undefined

  const look = (): void => {
    const version = connection.dataVersion()
    if (version === dataVersion) return
    const generations = readGenerations(connection)
    const changed = topics.filter((topic) => generations[topic] !== known[topic])
    dataVersion = version
    known = generations
    if (changed.length === 0) return
    for (const listener of listeners) {
      try {
        listener({ topics: changed, generations })
      } catch {
        // A listener that is broken must not keep the news from the others.
      }
    }
  }
  const poll = (): void => {
    cancel = clock.schedule(pollEveryMs, poll)
    try {
      look()
    } catch {
      // The database is locked or gone for the moment; the next poll looks again, and whoever uses
      // the store meanwhile gets the error itself.
    }
  }
  return {
    watch: (listener) => {
      cancel ??= clock.schedule(pollEveryMs, poll)
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        cancel?.()
        cancel = undefined
      }
    },
    end: () => {
      listeners.clear()
      cancel?.()
      cancel = undefined
    },
  }
}
