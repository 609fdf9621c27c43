import type { Operations } from '../../../../src/client/index.ts'

/** A run of an import as the API tells it. */
export type Run = Operations['imports.show']['result']

/** An import of the configuration. */
export type ConfiguredImport = Operations['imports.configured']['result']['items'][number]

/** One walk of a collection. */
export type Walk = NonNullable<Run['walks']>[number]

/** A line of the job execution log. */
export type LogLine = Operations['imports.log']['result']['items'][number]

/** Whether more may still happen without anybody doing anything. */
export function isLive({ state }: Pick<Run, 'state'>): boolean {
  return state === 'running' || state === 'waiting'
}

/** Rows a second while it read; undefined before anything was read. */
export function speedOf({ rows, active_ms: activeMs }: Run): number | undefined {
  return activeMs > 0 && rows > 0 ? Math.round((rows * 1_000) / activeMs) : undefined
}

/** What is known of one collection as a whole. */
export type Manifest = NonNullable<Run['manifest']>[number]

/** What is known of changes to one collection. */
export type Changes = NonNullable<Run['changes']>[number]

/** What is known of changes to a collection; undefined where no run asks for them. */
export function changesOf({ changes = [] }: Run, collection: string): Changes | undefined {
  return changes.find((one) => one.collection === collection)
}

/** How far a collection is, 0 to 1; undefined where nobody knows how much there is. */
export function shareOf({
  state,
  counted_so_far: done,
  count_before: all,
  published_rows: published,
  distinct_rows: distinct,
}: Manifest): number | undefined {
  if (state === 'publishing') return (published ?? 0) / Math.max(distinct ?? 0, 1)
  if (state === 'read' || state === 'changes') return 1
  if (state === 'waiting') return 0
  // The last rows may be more than were counted, and what is not read to its end is not all.
  return all === null || all === 0 ? undefined : Math.min(0.99, done / all)
}
