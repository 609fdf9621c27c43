import type { CollectionName } from '../directory/index.ts'
import type { EvergrantError } from '../kernel/index.ts'
import type { Destination } from './destination.ts'
import {
  createPageReader,
  type PageReader,
  type ReadPage,
  type ReadRefusal,
} from './page-reader.ts'
import { firstPageUrl } from './page-url.ts'
import type { RunRecord, RunStore, WalkRecord } from './ports.ts'
import { createPageScanner } from './scan-page.ts'
import { send, type SendDependencies } from './send.ts'

/**
 * A session starts a walk over at most so often; its page tokens then perish faster than it can
 * walk.
 */
const restartLimit = 5

/** What a walk needs besides the means to send. */
export interface WalkDependencies extends SendDependencies {
  readonly store: RunStore
  readonly run: RunRecord
  readonly instanceId: string
  readonly destination: Destination
}

/**
 * Walks one collection from its cursor to its last page; pages are committed with the cursor behind
 * them. While pages are written, the next ones are read: memory holds a few pages, never more.
 */
export async function walkCollection(
  deps: WalkDependencies,
  start: WalkRecord,
): Promise<WalkRecord> {
  const { control, destination, instanceId, journal, run, store } = deps
  const scan = createPageScanner(run.options.columns[start.collection] ?? [])
  // A filtered walk keeps its page token only in advanced mode, and headers are not remembered by links.
  const headers = run.options.filter === undefined ? {} : { consistencylevel: 'eventual' }
  let walk = start
  let pageSize = run.options.pageSize
  walk = await destination.openWalk(walk, (opened) =>
    journal.write((log, _totals, now) => store.updateWalk(opened, instanceId, log, now)),
  )
  let reader = readFrom(walk.nextUrl)
  for (;;) {
    const taken = await reader.take(destination.pagesPerCommit)
    if ('kind' in taken) {
      await recover(taken)
      reader = readFrom(undefined)
      continue
    }
    await commit(taken)
    if (walk.state === 'finished') return walk
    control.checkpoint()
  }

  function readFrom(cursor: string | undefined): PageReader {
    const { collection } = walk
    const options = {
      collection,
      url: cursor ?? firstPageUrl(run.options, collection, pageSize),
      number: walk.pages + 1,
      graphUrl: run.options.graphUrl,
      ahead: destination.pagesPerCommit + 1,
    }
    return createPageReader(options, (url, page) =>
      send(deps, url, headers, { collection, page }, (answer) => scan(answer.body)),
    )
  }

  async function commit(pages: readonly ReadPage[]): Promise<void> {
    const { collection } = walk
    const { segmentBytes, rows } = await destination.write(
      walk,
      pages.map(({ page }) => page),
    )
    let totalRows = walk.rows
    const lines = pages.map((read, i) => {
      totalRows += read.page.rows.length
      return {
        type: 'page_committed',
        collection,
        page: walk.pages + i + 1,
        rows: read.page.rows.length,
        totalRows,
        fetchMs: read.fetchMs,
        bytes: read.wireBytes,
        tokenLifeMs: read.tokenLifeMs,
      } as const
    })
    const nextUrl = pages.at(-1)?.nextUrl
    const { nextUrl: _, ...rest } = walk
    const moved: WalkRecord = {
      ...rest,
      ...(nextUrl === undefined ? {} : { nextUrl }),
      state: nextUrl === undefined ? 'finished' : 'walking',
      pages: walk.pages + pages.length,
      rows: totalRows,
      segmentBytes,
    }
    const finished = {
      type: 'walk_finished',
      collection,
      rows: moved.rows,
      pages: moved.pages,
    } as const
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
        lines: nextUrl === undefined ? [...lines, finished] : lines,
        count: { pages: pages.length, rows: totalRows - walk.rows },
      },
    )
    walk = moved
  }

  /** Readies the walk to begin again after a refusal that allows it. */
  async function recover(refusal: ReadRefusal): Promise<void> {
    if (refusal.kind === 'page_too_large') await lowerPageSize(refusal.maximum, refusal.error)
    // A cursor leads on only under the page size it was made with.
    if (refusal.kind === 'page_token_expired' || walk.pages > 0) await restart(refusal.error)
  }

  async function restart(error: EvergrantError): Promise<void> {
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
    await journal.write((log, _totals, now) => store.updateWalk(walk, instanceId, log, now))
    await destination.restartWalk(walk)
  }

  async function lowerPageSize(maximum: number, error: EvergrantError): Promise<void> {
    if (maximum < 1 || maximum >= pageSize) throw error
    journal.note(
      {
        type: 'page_size_lowered',
        collection: walk.collection,
        from: pageSize,
        to: maximum,
        detail: error.detail,
      },
      'warn',
    )
    pageSize = maximum
    await journal.flush()
  }
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
