import type { CollectionName } from '../directory/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { PageCommit, WalkRecord } from './ports.ts'
import type { ScannedPage } from './scan-page.ts'

/** Where rows go, while a run is driven. One walk is written by one worker at a time. */
export interface Destination {
  /**
   * Readies a walk: what this owner goes on writing holds exactly what the record says is
   * committed. Nothing an earlier owner of the run still does, however late it wakes, reaches it.
   * Idempotent.
   *
   * @param save Records the walk in the store, provided that this owner still owns the run.
   * @returns The record as saved.
   */
  openWalk(walk: WalkRecord, save: (walk: WalkRecord) => Promise<void>): Promise<WalkRecord>
  /** How many pages are written and committed at once, when that many have come. */
  readonly pagesPerCommit: number
  /**
   * Takes pages, at most `pagesPerCommit`. For files: durable before it resolves, and the new
   * length is returned. For the store: returns the rows for the page's own transaction.
   */
  write(
    walk: WalkRecord,
    pages: readonly ScannedPage[],
  ): Promise<{ readonly segmentBytes: number; readonly rows?: PageCommit['rows'] }>
  /** Forgets what a walk has written, since it starts over. */
  restartWalk(walk: WalkRecord): Promise<void>
  /** Distinct ids a finished walk has brought. */
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
  /** Lets go of open files; never throws. */
  close(): Promise<void>
}

/** A destination as the operator named it, in canonical form. */
export type DestinationName =
  { readonly kind: 'store' } | { readonly kind: 'ndjson'; readonly folder: string }

/**
 * Reads `store` or `ndjson:DIR`.
 *
 * @param resolvePath Makes a path absolute.
 * @throws EvergrantError `destination_invalid`
 */
export function parseDestination(
  text: string,
  resolvePath: (path: string) => string,
): DestinationName {
  if (text === 'store') return { kind: 'store' }
  const folder = /^ndjson:(.+)$/.exec(text)?.[1]
  if (folder !== undefined) return { kind: 'ndjson', folder: resolvePath(folder) }
  // What follows the kind may hold a password, as in a database's address.
  const kind = /^[^:]{0,40}/.exec(text)?.[0] ?? ''
  const seen = JSON.stringify(kind === text ? text : `${kind}:…`)
  throw new EvergrantError(
    'destination_invalid',
    `expected "store" or "ndjson:DIR", but saw ${seen}`,
  )
}

/** Writes a destination the way `parseDestination` reads it. */
export function formatDestination(destination: DestinationName): string {
  return destination.kind === 'store' ? 'store' : `ndjson:${destination.folder}`
}
