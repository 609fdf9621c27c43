import { collections } from '../directory/index.ts'
import { restartLimit, type WalkDependencies } from './commit-step.ts'
import { createRowReader } from './imported-rows.ts'
import { createLinkWatch, type ReadRefusal } from './link-watch.ts'
import { firstPageUrl, listHeaders } from './page-url.ts'
import type { Progress, WalkRecord } from './ports.ts'
import type { CursorReader, CursorStep, StepSink } from './read-cursors.ts'
import { createPageScanner, type ScannedPage } from './scan-page.ts'
import { send, type Sent } from './send.ts'
import { walkCursors } from './walk-cursors.ts'
import { pageLine, restartLine } from './walk-lines.ts'

/**
 * Walks one collection of objects, with each of its cursors from where it stands to its last page;
 * pages are committed with the cursor behind them. While pages are written, the next ones are
 * read.
 */
export async function walkCollection(deps: WalkDependencies, start: Progress): Promise<Progress> {
  const { pagesPerCommit } = deps.destination
  const limits = { steps: pagesPerCommit, rows: Infinity, ahead: pagesPerCommit + 1 }
  return await walkCursors(deps, start, limits, (opened) => objectReader(deps, opened))
}

/** Makes the reader of a collection's walks. */
function objectReader(
  deps: WalkDependencies,
  { collection: record, walks }: Progress,
): CursorReader {
  const { journal, run } = deps
  const { options } = run
  const { collection } = record
  const columns = options.columns[collection] ?? []
  const { asks, hasFixedColumns = false, sources } = collections[collection]
  const scan = createPageScanner(asks?.properties ?? columns, deps.seal)
  const rowReader = createRowReader(collection, columns)
  let pageSize = options.pageSize
  let refused = record.refusedColumns ?? []
  const isSeveral = walks.length > 1
  /** Whether there are rows of any cursor; one of several that starts over leaves its own. */
  let hasRows = walks.some(({ pages, restarts }) => pages > 0 || (isSeveral && restarts > 0))

  return async (start, sink) => {
    let walk = start
    for (let restarts = 0; ;) {
      const size = pageSize
      const without = refused
      const read = await readPages(walk, size, sink)
      if (read.refusal === undefined) return
      const { error, kind } = read.refusal
      if (kind === 'columns_refused') {
        // Rows with the column and rows without it would be one snapshot; and where the columns are
        // fixed, such a column is what the collection is read for.
        const isNews = read.refusal.columns.some((column) => !refused.includes(column))
        // A name that Graph does not know is a mistake of whoever wrote it, to be told at once.
        const isMistake = error.code === 'graph_request_rejected'
        if ((hasRows && isNews) || hasFixedColumns || isMistake) throw error
        walk = await narrow(walk, read.refusal, without, sink)
        continue
      }
      if (kind === 'page_too_large') await lowerPageSize(read.refusal, size)
      // A cursor leads on only under the page size it was made with.
      if (kind === 'page_too_large' && walk.pages + read.pages === 0) continue
      if (restarts++ >= restartLimit) throw error
      walk = await sink.settle(restart(walk, error.detail))
      hasRows &&= isSeveral
    }
  }

  /** Reads from a walk's cursor on; `refusal` is undefined when its last page was read. */
  async function readPages(
    walk: WalkRecord,
    size: number,
    sink: StepSink,
  ): Promise<{ readonly refusal?: ReadRefusal; readonly pages: number }> {
    const headers = listHeaders(options, walk)
    const watch = createLinkWatch(collection, options.graphUrl)
    let without = refused
    let url = walk.nextUrl ?? firstPageUrl(options, walk, size, without)
    for (let pages = 0; ;) {
      const page = walk.pages + pages + 1
      const sent = await send(deps, url, headers, { collection, page }, (answer) =>
        scan(answer.body),
      )
      if (sent.kind !== 'answer') return { refusal: sent, pages }
      if (without !== refused && pages === 0 && walk.nextUrl === undefined) {
        // While this page was on its way another cursor was refused a column that it still has.
        without = refused
        url = firstPageUrl(options, walk, size, without)
        continue
      }
      hasRows = true
      const next = watch.follow(sent.value, url, page)
      await sink.push(step(walk.shard, sent, next))
      pages++
      if (next === undefined) return { pages }
      url = next
    }
  }

  function step(
    shard: number,
    sent: Extract<Sent<ScannedPage>, { readonly kind: 'answer' }>,
    nextUrl: string | undefined,
  ): CursorStep {
    const { answer, fetchMs, tokenLifeMs, value } = sent
    const rows = rowReader.ofPage(value)
    const { length } = rows
    const met = value.rows.length
    return {
      shard,
      rows,
      advance: (walk) => {
        const { nextUrl: _, ...rest } = walk
        const next: WalkRecord = {
          ...rest,
          ...(nextUrl === undefined ? {} : { nextUrl }),
          state: nextUrl === undefined ? 'finished' : 'walking',
          pages: walk.pages + 1,
          rows: walk.rows + length,
          ...(sources === undefined ? {} : { groups: (walk.groups ?? 0) + met }),
        }
        const measured = { rows: length, fetchMs, bytes: answer.wireBytes, tokenLifeMs }
        return { walk: next, lines: [pageLine(next, measured)] }
      },
    }
  }

  function restart({ shard }: WalkRecord, detail: string): CursorStep {
    return {
      shard,
      isRestart: true,
      advance: (walk) => {
        const { nextUrl: _, groups: _met, ...rest } = walk
        return {
          walk: { ...rest, pages: 0, rows: 0, restarts: walk.restarts + 1 },
          lines: [restartLine(walk, detail)],
        }
      },
    }
  }

  /** Leaves what Graph refused out of what is asked for. */
  async function narrow(
    walk: WalkRecord,
    { columns: named, error }: Extract<ReadRefusal, { readonly kind: 'columns_refused' }>,
    without: readonly string[],
    sink: StepSink,
  ): Promise<WalkRecord> {
    if (named.every((column) => without.includes(column))) throw error
    // Another cursor may have met the same before.
    const news = named.filter((column) => !refused.includes(column))
    if (news.length === 0) return walk
    refused = [...refused, ...news]
    const { code, detail, remedy } = error
    const lines = news.map(
      (column) => ({ type: 'column_dropped', collection, column, code, detail, remedy }) as const,
    )
    return await sink.settle({
      shard: walk.shard,
      isRestart: true,
      change: (known) => ({
        ...known,
        refusedColumns: [...(known.refusedColumns ?? []), ...news],
      }),
      advance: (at) => ({ walk: at, lines }),
    })
  }

  async function lowerPageSize(
    { error, maximum }: Extract<ReadRefusal, { readonly kind: 'page_too_large' }>,
    size: number,
  ): Promise<void> {
    if (maximum < 1 || maximum >= size) throw error
    // Another cursor may have met the same before.
    if (maximum >= pageSize) return
    journal.note(
      { type: 'page_size_lowered', collection, from: pageSize, to: maximum, detail: error.detail },
      'warn',
    )
    pageSize = maximum
    await journal.flush()
  }
}
