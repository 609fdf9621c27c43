import {
  describeLog,
  manifestOf,
  withTrueState,
  type CollectionManifest,
  type LogLine,
  type RunRecord,
} from '../imports/index.ts'
import type { Composition } from '../server/index.ts'
import type { CliIo } from './io.ts'
import { formatProgress, type Progress } from './progress-line.ts'

/** How often the store is asked for news. */
const pollMs = 200
/** How often progress is told where no line can be redrawn. */
const plainProgressMs = 5_000
const batch = 500

/** Follows one run as its log grows. */
export interface FollowOptions {
  /** Called for each new line. */
  readonly onLine: (line: LogLine) => void
  /** Called with each look at the run. */
  readonly onLook?: (run: RunRecord, progress: Progress) => void
  /** Skips lines up to this number. */
  readonly afterSeq?: number
  /** Ends the following early. */
  readonly signal?: AbortSignal
}

/**
 * Follows a run through the store until it is over or interrupted, from this or any other process,
 * and returns it as it then stands.
 */
export async function followRun(
  composition: Composition,
  runId: string,
  options: FollowOptions,
): Promise<RunRecord | undefined> {
  const { clock, identity, store } = composition
  let seq = options.afterSeq ?? 0
  let tokenLifeMs: number | undefined
  /** Where the collection stood when it was first seen: what came before is not of this session. */
  let start: { readonly collection: string; readonly at: number; readonly rows: number } | undefined
  for (;;) {
    const stored = await store.runs.getRun(runId)
    if (stored === undefined) return undefined
    const run = withTrueState(stored, identity, clock.now())
    const isLive = run.state === 'running' || run.state === 'waiting'
    for (;;) {
      const lines = await store.runs.readLog(runId, seq, batch)
      for (const line of lines) {
        seq = line.seq
        if (line.body.type === 'page_committed') tokenLifeMs = line.body.tokenLifeMs
        options.onLine(line)
      }
      if (lines.length < batch) break
    }
    const manifest = manifestOf(run, await store.runs.listProgress(runId))
    const current = currentOf(manifest)
    if (current !== undefined) {
      const { record, counted, countedSoFar: rows } = current
      const { collection, countBefore: expectedRows } = record
      if (start?.collection !== collection) start = { collection, at: clock.monotonic(), rows }
      const seconds = Math.max((clock.monotonic() - start.at) / 1_000, 0.001)
      options.onLook?.(run, {
        collection,
        counted,
        rows: current.state === 'publishing' ? (record.distinctRows ?? rows) : rows,
        phase: current.state,
        ...(record.publishedRows === undefined ? {} : { published: record.publishedRows }),
        cursors: Math.min(record.plan?.cursors ?? 1, current.walks.length - current.finishedShards),
        changed: record.delta?.changed ?? 0,
        rowsPerSecond: Math.max(rows - start.rows, 0) / seconds,
        refreshes: run.totals.refreshes,
        ...(expectedRows === undefined ? {} : { expectedRows }),
        ...(tokenLifeMs === undefined ? {} : { tokenLifeMs }),
        ...(run.state === 'waiting' ? { waitingFor: run.reason ?? 'Graph' } : {}),
      })
    }
    if (!isLive || options.signal?.aborted === true) return run
    await clock.sleep(pollMs)
  }
}

/** The collection that is read or written into its place, else the one that is next, else the last. */
function currentOf(manifest: readonly CollectionManifest[]): CollectionManifest | undefined {
  return (
    manifest.find(({ record, state }) => record.verdict === undefined || state === 'publishing') ??
    manifest.at(-1)
  )
}

/** Prints what `followRun` sees. */
export interface RunPrinter {
  readonly onLine: (line: LogLine) => void
  readonly onLook: (run: RunRecord, progress: Progress) => void
  /** Number of the last line seen. */
  seq(): number
  /** Takes the progress line away. */
  end(): void
}

/** Prints a run's log and progress: a redrawn line on a terminal, plain lines elsewhere. */
export function createRunPrinter(
  io: CliIo,
  clock: { monotonic(): number },
  options: { readonly pages: boolean },
): RunPrinter {
  let hasBar = false
  let lastPlain = clock.monotonic()
  let seq = 0
  const clear = (): void => {
    if (hasBar) io.note('\r\u001B[2K')
    hasBar = false
  }
  return {
    seq: () => seq,
    onLine: (line) => {
      seq = line.seq
      if (line.body.type === 'page_committed' && !options.pages) return
      clear()
      io.note(`${formatLogLine(line)}\n`)
    },
    onLook: (run, progress) => {
      if (run.state !== 'running' && run.state !== 'waiting') return
      if (io.isTerminal) {
        clear()
        io.note(formatProgress(progress, io.columns))
        hasBar = true
      } else if (clock.monotonic() - lastPlain >= plainProgressMs) {
        lastPlain = clock.monotonic()
        io.note(`${formatProgress(progress, 0)}\n`)
      }
    },
    end: clear,
  }
}

/** A line of the execution log for people: time (UTC), a mark for its level, and what happened. */
export function formatLogLine(line: LogLine): string {
  const mark = { info: ' ', warn: '!', error: '✗' }[line.level]
  return `${new Date(line.at).toISOString().slice(0, 19)}Z ${mark} ${describeLog(line.body)}`
}
