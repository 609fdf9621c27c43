import type { EvergrantError } from '../kernel/index.ts'
import { commitStep, openWalk, restartLimit, type WalkDependencies } from './commit-step.ts'
import { createRowReader } from './imported-rows.ts'
import {
  createPageReader,
  type PageReader,
  type ReadPage,
  type ReadRefusal,
} from './page-reader.ts'
import { firstPageUrl, listHeaders } from './page-url.ts'
import type { WalkRecord } from './ports.ts'
import { createPageScanner } from './scan-page.ts'
import { send } from './send.ts'

/**
 * Walks one collection of objects from its cursor to its last page; pages are committed with the
 * cursor behind them. While pages are written, the next ones are read: memory holds a few pages,
 * never more.
 */
export async function walkCollection(
  deps: WalkDependencies,
  start: WalkRecord,
): Promise<WalkRecord> {
  const { control, destination, instanceId, journal, run, store } = deps
  const { collection } = start
  const columns = run.options.columns[collection] ?? []
  const scan = createPageScanner(columns)
  const rowReader = createRowReader(collection, columns)
  const headers = listHeaders(run.options)
  let pageSize = run.options.pageSize
  let walk = await openWalk(deps, start)
  const isFinished = (): boolean => walk.state === 'finished'
  if (isFinished()) return walk
  let reader = readFrom(walk.nextUrl)
  for (;;) {
    const taken = await reader.take(destination.pagesPerCommit)
    if ('ending' in taken) {
      if (taken.ending === undefined) return walk
      await recover(taken.ending)
      reader = readFrom(undefined)
      continue
    }
    await commit(taken)
    if (isFinished()) return walk
    control.checkpoint()
  }

  function readFrom(cursor: string | undefined): PageReader {
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
    const to: WalkRecord = {
      ...rest,
      ...(nextUrl === undefined ? {} : { nextUrl }),
      state: nextUrl === undefined ? 'finished' : 'walking',
      pages: walk.pages + pages.length,
      rows: totalRows,
    }
    const batch = pages.map(({ page }) => rowReader.ofPage(page))
    walk = await commitStep(deps, { from: walk, to, batch }, lines)
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
