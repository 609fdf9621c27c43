import type { DirectoryStore } from '../directory/index.ts'
import type { GrantStore } from '../grants/ports.ts'
import type { RunStore } from '../imports/ports.ts'

/** What a generation counts: changes to grants, to their token slots, or to import runs. */
export type GenerationTopic = 'grants' | 'slots' | 'runs'

/** How often each topic has changed since the store was made; every counter only grows. */
export type Generations = Readonly<Record<GenerationTopic, number>>

/** Topics that changed, with their counters after the change. */
export interface GenerationChange {
  readonly topics: readonly GenerationTopic[]
  readonly generations: Generations
}

/**
 * What a connection is for. `main` shares its thread with the HTTP server: it never blocks on a
 * lock and never checkpoints by itself. `bulk` belongs to a worker thread: it may block for a
 * moment, checkpoints, and leaves other writers a gap after each commit.
 */
export type StoreRole = 'main' | 'bulk'

/** An open store. One connection, for one thread; every process opens its own. */
export interface Store {
  readonly kind: 'sqlite'
  /** The database file, absolute. */
  readonly path: string
  readonly grants: GrantStore
  readonly runs: RunStore
  readonly directory: DirectoryStore
  /** Reads the generations as they are now. */
  readGenerations(): Promise<Generations>
  /**
   * Calls `listener` within a second of any change another connection commits. Changes of this
   * connection do not wake it, but may be part of what is reported. The returned function ends the
   * watch; closing the store ends every watch.
   */
  watchGenerations(listener: (change: GenerationChange) => void): () => void
  /**
   * Moves what has been committed from the log into the database file, as far as readers allow, and
   * empties the log when it can. Does nothing where the database does so by itself.
   */
  checkpoint(): Promise<void>
  /** Closes the connection. Idempotent; every other method throws `store_unavailable` after it. */
  close(): Promise<void>
}
