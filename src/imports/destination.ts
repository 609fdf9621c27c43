import type { ImportedRows } from './imported-rows.ts'
import type { CollectionRecord, PageCommit, Progress, WalkRecord } from './ports.ts'

/** Some rows of a collection, and where its cursors stand once they are safe. */
export interface WriteStep {
  readonly collection: CollectionRecord
  /** The cursors that move. */
  readonly walks: readonly WalkRecord[]
  readonly batch: readonly ImportedRows[]
  /**
   * Ids of objects that are gone, written before or not; none of them is in the batch. Of edges:
   * sources of which all that there is was brought since they were named as unmet, maybe nothing.
   */
  readonly gone?: readonly string[]
  /**
   * Edges only: sources that are read anew from here on, or are gone; what was brought of them is
   * void.
   */
  readonly unmet?: readonly string[]
}

/** What became of a step, to be committed in the run's own store. */
export interface WrittenStep extends Pick<PageCommit, 'rows' | 'unmet' | 'edges' | 'gone'> {
  /** The collection with what the destination keeps of it; undefined where that is nothing. */
  readonly collection?: CollectionRecord
}

/** How a collection is made visible. */
export interface PublishOptions {
  readonly isPartial?: boolean
  /**
   * Hears how many rows were handed over, where all have to be once more: 0 first, then now and
   * then. Readers see none of them before all are. Nobody waits for it, since a transaction may be
   * open meanwhile.
   */
  readonly onRows?: (rows: number) => void
}

/** Where rows go, while a run is driven. A collection is written by one worker at a time. */
export interface Destination {
  /**
   * Readies a collection: what this owner goes on writing holds exactly what the record says is
   * committed. Nothing an earlier owner of the run still does, however late it wakes, reaches it.
   * Idempotent.
   *
   * @param save Records progress in the store, provided that this owner still owns the run.
   * @returns The progress as saved; further on than given where the destination keeps the cursors
   *   of record and a commit of the store was lost.
   */
  openCollection(progress: Progress, save: (progress: Progress) => Promise<void>): Promise<Progress>
  /** How many pages are written and committed at once, when that many have come. */
  readonly pagesPerCommit: number
  /**
   * After a commit none begins for so long, so that others have their turn: what comes meanwhile is
   * written together. None by default.
   */
  readonly pauseMs?: number
  /**
   * Takes a step of at most `pagesPerCommit` pages. Files and tables: durable before it resolves,
   * tables together with the cursors. The store: returns the rows for the step's own transaction.
   */
  write(step: WriteStep): Promise<WrittenStep>
  /**
   * Forgets what was written of a collection, whose record says that nothing was: its only cursor
   * starts over. Where one of several does, what it has brought stays: rows met twice are one.
   */
  restart(progress: Progress): Promise<void>
  /**
   * Distinct rows of a collection whose cursors are finished; of one that only takes up changes,
   * all that are there.
   */
  countDistinct(collection: CollectionRecord): Promise<number>
  /**
   * Makes a collection visible under its final name, atomically, and returns that name; undefined
   * where rows are visible as they come. A partial one is a copy, since its run may go on writing.
   */
  publish(collection: CollectionRecord, options?: PublishOptions): Promise<string | undefined>
  /** Removes what only an unfinished run needs. */
  discard(): Promise<void>
  /** Lets go of open files and connections; never throws. */
  close(): Promise<void>
}
