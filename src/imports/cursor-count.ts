/** How many cursors a collection was asked to be read with. */
export type Concurrency = 'auto' | number

/** Most that are taken unasked. */
export const mostUnasked = 24
/** What one thread takes to read and to write a page, in milliseconds, or less. */
const pageWorkMs = 7
/** One cursor that reads ahead keeps the thread busy when a page comes faster than this. */
const fastPageMs = 25
/** Fewer pages than this come sooner than a plan is made. */
export const fewPages = 16
/** So many pages each are worth a cursor. */
const pagesPerCursor = 4

/** What the number of cursors rests on. */
export interface CursorFacts {
  readonly asked: Concurrency
  /** Rows there are; undefined when Graph does not say. */
  readonly total: number | undefined
  readonly pageSize: number
  /** How long Graph took for a page, in milliseconds. */
  readonly latencyMs: number
}

/** A number of cursors and the reason, for people. */
export interface CursorChoice {
  readonly cursors: number
  readonly why: string
}

/**
 * Says how many cursors a collection is worth: as many as hide the latency of a page behind the
 * work of the others, one where that is not worth a plan. A number that was asked for is kept,
 * unless the collection has fewer pages.
 */
export function chooseCursors(facts: CursorFacts): CursorChoice {
  const { asked, latencyMs, pageSize, total } = facts
  if (asked === 1) return { cursors: 1, why: 'as asked' }
  if (total === undefined) return { cursors: 1, why: 'Graph does not count the rows' }
  const pages = Math.ceil(total / pageSize)
  const rows = `${total.toLocaleString('en-US')} rows`
  if (asked !== 'auto') {
    const cursors = Math.max(1, Math.min(asked, pages))
    const why =
      cursors === asked
        ? 'as asked'
        : `${asked} asked for, but ${rows} are ${pages === 1 ? 'one page' : `${pages} pages`}`
    return { cursors, why }
  }
  const latency = `${Math.round(latencyMs)} ms a page`
  if (pages < fewPages) return { cursors: 1, why: `${rows} are few` }
  if (latencyMs <= fastPageMs) return { cursors: 1, why: `${latency} is fast` }
  const cursors = Math.min(
    mostUnasked,
    Math.ceil(latencyMs / pageWorkMs),
    Math.floor(pages / pagesPerCursor),
  )
  return { cursors, why: `${rows}, ${latency}` }
}

/**
 * Rows that a shard should hold: about two shards a cursor, so that those that are done early have
 * something left to do, but never less than two pages.
 */
export function shardTarget(total: number, cursors: number, pageSize: number): number {
  return Math.max(Math.ceil(total / (cursors * 2)), pageSize * 2)
}
