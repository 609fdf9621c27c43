import type { CollectionName } from '../directory/index.ts'
import type { ImportedRows } from './imported-rows.ts'
import type { PageCommit, WalkRecord } from './ports.ts'

/** Some rows of a walk, and where the walk stands once they are safe. */
export interface WriteStep {
  readonly from: WalkRecord
  readonly to: WalkRecord
  readonly batch: readonly ImportedRows[]
}

/** What became of a step, to be committed in the run's own store. */
export interface WrittenStep extends Pick<PageCommit, 'rows' | 'edges'> {
  /** `to`, with what only the destination knows of the walk. */
  readonly walk: WalkRecord
}

/** Where rows go, while a run is driven. One walk is written by one worker at a time. */
export interface Destination {
  /**
   * Readies a walk: what this owner goes on writing holds exactly what the record says is
   * committed. Nothing an earlier owner of the run still does, however late it wakes, reaches it.
   * Idempotent.
   *
   * @param save Records the walk in the store, provided that this owner still owns the run.
   * @returns The record as saved; further on than `walk` where the destination keeps the cursor of
   *   record and a commit of the store was lost.
   */
  openWalk(walk: WalkRecord, save: (walk: WalkRecord) => Promise<void>): Promise<WalkRecord>
  /** How many pages are written and committed at once, when that many have come. */
  readonly pagesPerCommit: number
  /**
   * Takes a step of at most `pagesPerCommit` pages. Files and tables: durable before it resolves,
   * tables together with the cursor. The store: returns the rows for the step's own transaction.
   */
  write(step: WriteStep): Promise<WrittenStep>
  /** Forgets what a walk has written, since it starts over. */
  restartWalk(walk: WalkRecord): Promise<void>
  /** Distinct rows a finished walk has brought. */
  countDistinct(walk: WalkRecord): Promise<number>
  /**
   * Makes a collection visible under its final name, atomically, and returns that name; undefined
   * where rows are visible as they come. A partial one is a copy, since its run may go on writing.
   */
  publish(
    collection: CollectionName,
    walks: readonly WalkRecord[],
    options?: { readonly isPartial?: boolean },
  ): Promise<string | undefined>
  /** Removes what only an unfinished run needs. */
  discard(): Promise<void>
  /** Lets go of open files and connections; never throws. */
  close(): Promise<void>
}
