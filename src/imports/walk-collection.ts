import type { CollectionName } from '../directory/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { Destination } from './destination.ts'
import { checkNextLink, firstPageUrl } from './page-url.ts'
import type { RunRecord, RunStore, WalkRecord } from './ports.ts'
import { createPageScanner, type ScannedPage } from './scan-page.ts'
import { send, type SendDependencies, type Sent } from './send.ts'

/**
 * A session starts a walk over at most so often; its page tokens then perish faster than it can
 * walk.
 */
const restartLimit = 5
/** Empty pages are legal; so many in a row are not a walk. */
const emptyPageLimit = 200

/** What a walk needs besides the means to send. */
export interface WalkDependencies extends SendDependencies {
  readonly store: RunStore
  readonly run: RunRecord
  readonly instanceId: string
  readonly destination: Destination
}

type FetchedPage = Sent<ScannedPage>

/**
 * Walks one collection from its cursor to its last page; each page is committed with the cursor
 * behind it.
 */
export async function walkCollection(
  deps: WalkDependencies,
  start: WalkRecord,
): Promise<WalkRecord> {
  const { control, destination, instanceId, journal, run, store } = deps
  const columns = run.options.columns[start.collection] ?? []
  const scan = createPageScanner(columns)
  // A filtered walk keeps its page token only in advanced mode, and headers are not remembered by links.
  const headers = run.options.filter === undefined ? {} : { consistencylevel: 'eventual' }
  let walk = start
  let pageSize = run.options.pageSize
  let emptyPages = 0
  let milestone: string | undefined
  walk = await destination.openWalk(walk, (opened) =>
    journal.write((log, _totals, now) => store.updateWalk(opened, instanceId, log, now)),
  )
  let pending = fetchPage(walk.nextUrl ?? firstUrl(), walk.pages + 1)
  for (;;) {
    const fetched = await pending
    if (fetched.kind === 'page_too_large') {
      pending = fetchPage(await lowerPageSize(fetched), walk.pages + 1)
      continue
    }
    if (fetched.kind === 'page_token_expired') {
      pending = fetchPage(await restart(fetched.error), 1)
      continue
    }
    const page = fetched.value
    const next = nextUrl(page)
    // While this page is written, the next one is on its way: at most one page ahead.
    if (next !== undefined) {
      pending = fetchPage(next, walk.pages + 2)
      pending.catch(() => {})
    }
    await commit(fetched, next)
    if (next === undefined) return walk
    control.checkpoint()
  }

  function firstUrl(): string {
    return firstPageUrl(run.options, walk.collection, pageSize)
  }

  function fetchPage(url: string, page: number): Promise<FetchedPage> {
    const place = { collection: walk.collection, page }
    return send(deps, url, headers, place, (answer) => scan(answer.body))
  }

  function nextUrl(page: ScannedPage): string | undefined {
    emptyPages = page.rows.length === 0 ? emptyPages + 1 : 0
    if (page.nextLink === undefined) return undefined
    const next = checkNextLink(page.nextLink, run.options.graphUrl)
    // Brent's way to see a cycle: compare with one remembered link, renewed ever more rarely.
    if (next === walk.nextUrl || next === milestone) {
      throw new EvergrantError(
        'next_link_repeated',
        `page ${walk.pages + 1} of ${walk.collection} points to a page read before`,
      )
    }
    if (emptyPages > emptyPageLimit) {
      throw new EvergrantError(
        'pages_endless',
        `${emptyPages} pages of ${walk.collection} in a row had no rows and yet a next link`,
      )
    }
    if (isPowerOfTwo(walk.pages + 1)) milestone = next
    return next
  }

  async function commit(
    fetched: Extract<FetchedPage, { kind: 'answer' }>,
    next: string | undefined,
  ): Promise<void> {
    const page = fetched.value
    const { segmentBytes, rows } = await destination.write(walk, page)
    const { nextUrl: _, ...rest } = walk
    const moved: WalkRecord = {
      ...rest,
      ...(next === undefined ? {} : { nextUrl: next }),
      state: next === undefined ? 'finished' : 'walking',
      pages: walk.pages + 1,
      rows: walk.rows + page.rows.length,
      segmentBytes,
    }
    const { collection, pages } = moved
    const committed = {
      type: 'page_committed',
      collection,
      page: pages,
      rows: page.rows.length,
      totalRows: moved.rows,
      fetchMs: fetched.fetchMs,
      bytes: fetched.answer.wireBytes,
      tokenLifeMs: fetched.tokenLifeMs,
    } as const
    const finished = { type: 'walk_finished', collection, rows: moved.rows, pages } as const
    await journal.write(
      (log, totals, now) =>
        store.commitPage({
          runId: run.id,
          instanceId,
          now,
          walk: moved,
          totals,
          log,
          ...(rows === undefined ? {} : { rows }),
        }),
      {
        lines: next === undefined ? [committed, finished] : [committed],
        count: { pages: 1, rows: page.rows.length },
      },
    )
    walk = moved
  }

  async function restart(error: EvergrantError): Promise<string> {
    if (walk.restarts - start.restarts >= restartLimit) throw error
    journal.note(
      {
        type: 'walk_restarted',
        collection: walk.collection,
        restart: walk.restarts + 1,
        page: walk.pages + 1,
        detail: error.detail,
      },
      'warn',
    )
    const { nextUrl: _, ...rest } = walk
    walk = { ...rest, pages: 0, rows: 0, segmentBytes: 0, restarts: walk.restarts + 1 }
    emptyPages = 0
    milestone = undefined
    await journal.write((log, _totals, now) => store.updateWalk(walk, instanceId, log, now))
    await destination.restartWalk(walk)
    return firstUrl()
  }

  async function lowerPageSize(
    refusal: Extract<FetchedPage, { kind: 'page_too_large' }>,
  ): Promise<string> {
    if (refusal.maximum < 1 || refusal.maximum >= pageSize) throw refusal.error
    journal.note(
      {
        type: 'page_size_lowered',
        collection: walk.collection,
        from: pageSize,
        to: refusal.maximum,
        detail: refusal.error.detail,
      },
      'warn',
    )
    pageSize = refusal.maximum
    await journal.flush()
    return firstUrl()
  }
}

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0
}

/** The record of a walk that has not begun. */
export function newWalk(runId: string, collection: CollectionName): WalkRecord {
  return {
    runId,
    collection,
    shard: 0,
    state: 'walking',
    pages: 0,
    rows: 0,
    restarts: 0,
    segmentBytes: 0,
  }
}
