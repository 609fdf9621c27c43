import type { LogBody, WalkRecord } from './ports.ts'

/** What of several cursors a line is about. */
function placeOf({ collection, label }: WalkRecord): {
  readonly collection: string
  readonly shard?: string
} {
  return { collection, ...(label === undefined ? {} : { shard: label }) }
}

/** Tells of pages that are committed, once the walk stands behind them. */
export function pageLine(
  walk: WalkRecord,
  measured: {
    readonly rows: number
    readonly fetchMs: number
    readonly bytes: number
    readonly tokenLifeMs: number
    /** Of edges: how many pages this line is about, and sources read to the end so far. */
    readonly pages?: number
    readonly groups?: number
  },
): LogBody {
  const stands = { page: walk.pages, totalRows: walk.rows }
  return { type: 'page_committed', ...placeOf(walk), ...stands, ...measured }
}

/** Tells that a walk starts over; of the walk as it stood before. */
export function restartLine(walk: WalkRecord, detail: string): LogBody {
  const next = { restart: walk.restarts + 1, page: walk.pages + 1 }
  return { type: 'walk_restarted', ...placeOf(walk), ...next, detail }
}

/** Tells that the last page of a walk is committed. */
export function finishedLine(walk: WalkRecord): LogBody {
  const { pages, rows } = walk
  return { type: 'walk_finished', ...placeOf(walk), rows, pages }
}
