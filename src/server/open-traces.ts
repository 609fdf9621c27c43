import { Worker } from 'node:worker_threads'
import type { TraceRecorder } from '../gateway/index.ts'
import { systemClock, type Clock } from '../kernel/index.ts'
import type { Composition } from './compose.ts'
import type { TraceOrder, TraceReport, TraceWorkerInput } from './trace-messages.ts'

/** Sources run as TypeScript, the published package as JavaScript. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** How often what is held is written (ms). */
const writeEveryMs = 1_000
/** After a batch that could not be written (ms); doubles up to the longest. */
const firstRetryMs = 1_000
const longestRetryMs = 30_000
/** After so long without a word on its batch a thread is taken for stuck, and replaced (ms). */
const answerDeadlineMs = 60_000
/** A batch that so many faults of ours followed, one after the other, is given up. */
const faultLimit = 5
/** How long the last batches may take when everything ends, and the thread after it (ms). */
const closeDeadlineMs = 4_000
const endingMs = 1_000
/**
 * Traces written at once, and so a second: what keeps a log of calls from costing as much as the
 * calls. A burst waits in the recorder; beyond it plain successes are dropped first, and counted.
 */
const batchSize = 500

/** What writes traces into the store. */
export interface TraceWriter {
  /** Writes what is held now. Resolves when it was written, or could not be. */
  flush(): Promise<void>
  /**
   * Writes what is held and ends the thread: within five seconds, and within one when there is
   * nothing to write. What was not written is counted as dropped. Idempotent.
   */
  close(): Promise<void>
}

/** What is told of writing. */
export interface TraceWriterListener {
  /** It began to fail: with the code of an error, or a fault of ours. Not told again until it works. */
  readonly onTrouble?: (trouble: { readonly code: string } | { readonly fault: unknown }) => void
  /** It works again. */
  readonly onRecovered?: () => void
}

/** What a writer is made of besides. */
export interface TraceWriterOptions extends TraceWriterListener {
  /** Default: the host's, since threads and their timers belong to the host. */
  readonly clock?: Clock
  /** What the thread runs; for tests of threads that die. */
  readonly script?: URL
}

type Source = Pick<Composition, 'env' | 'store' | 'config' | 'events' | 'clock'>

/**
 * Writes traces into the store, at most 500 every second, from a worker thread. One batch is on its
 * way at a time; while the store is away, or the thread dies, it waits and is sent again, and the
 * recorder holds what it can and counts the rest. The thread starts with the first batch.
 */
export function startTraceWriter(
  composition: Source,
  recorder: TraceRecorder,
  options: TraceWriterOptions = {},
): TraceWriter {
  const { clock = systemClock, onTrouble, onRecovered } = options
  const script = options.script ?? new URL(`./trace-worker.${extension}`, import.meta.url)
  let worker: Worker | undefined
  let batch: { readonly json: string; readonly count: number } | undefined
  let faults = 0
  let isOnItsWay = false
  let isInTrouble = false
  let hasEnded = false
  let retryMs = firstRetryMs
  let cancel = (): void => {}
  let cancelDeadline = (): void => {}
  let idle = Promise.withResolvers<void>()
  idle.resolve()
  let closing: Promise<void> | undefined

  const arm = (afterMs: number): void => {
    cancel()
    cancel = clock.schedule(afterMs, write)
  }

  const drop = (count: number): void => {
    if (count === 0) return
    const { events, clock: storeClock } = composition
    events.emit({ type: 'gateway.traces_dropped', at: storeClock.now(), count })
  }

  const tell = (trouble: Parameters<NonNullable<typeof onTrouble>>[0]): void => {
    if (isInTrouble) return
    isInTrouble = true
    onTrouble?.(trouble)
  }

  const rest = (afterMs: number): void => {
    isOnItsWay = false
    cancelDeadline()
    idle.resolve()
    if (closing === undefined) arm(afterMs)
  }

  function succeed(): void {
    batch = undefined
    faults = 0
    retryMs = firstRetryMs
    if (isInTrouble) onRecovered?.()
    isInTrouble = false
    rest(writeEveryMs)
  }

  function fail(): void {
    const afterMs = retryMs
    retryMs = Math.min(retryMs * 2, longestRetryMs)
    rest(afterMs)
  }

  /** A fault of ours met the batch, or the thread that wrote it: perhaps because of what it is. */
  function failOddly(): void {
    faults++
    if (faults >= faultLimit) {
      drop(batch?.count ?? 0)
      batch = undefined
      faults = 0
    }
    fail()
  }

  function onReport(report: TraceReport): void {
    if (!isOnItsWay || hasEnded) return
    if (report.kind === 'appended') return succeed()
    tell({ code: report.code })
    if (report.code === 'internal') failOddly()
    else fail()
  }

  function onExit(code: number): void {
    worker = undefined
    if (!isOnItsWay || hasEnded) return
    tell({ fault: new Error(`the thread that writes traces ended with ${code}`) })
    failOddly()
  }

  function startWorker(): Worker {
    const { config, env, store } = composition
    // A file's log is emptied by bulk writers alone; a server looks after its own.
    const role = store.kind === 'sqlite' ? 'bulk' : 'main'
    const started = new Worker(script, {
      workerData: { config, env: { ...env }, role } satisfies TraceWorkerInput,
    })
    started.unref()
    started.on('message', (report: TraceReport) => {
      if (worker === started) onReport(report)
    })
    started.on('error', (fault) => {
      if (!hasEnded) tell({ fault })
    })
    started.on('exit', (code) => {
      if (worker === started) onExit(code)
    })
    return started
  }

  function write(): void {
    if (isOnItsWay || hasEnded) return
    if (batch === undefined) {
      const traces = recorder.takeBatch(batchSize)
      if (traces.length === 0) {
        if (closing === undefined) arm(writeEveryMs)
        return
      }
      batch = { json: JSON.stringify(traces), count: traces.length }
    }
    cancel()
    isOnItsWay = true
    idle = Promise.withResolvers<void>()
    worker ??= startWorker()
    const asked = worker
    cancelDeadline = clock.schedule(answerDeadlineMs, () => void asked.terminate())
    const { keep } = composition.config.server.traces
    asked.postMessage({ kind: 'append', traces: batch.json, keep } satisfies TraceOrder)
  }

  async function flush(): Promise<void> {
    await idle.promise
    write()
    await idle.promise
  }

  /** Writes until nothing is held, the store turns out to be away, or time is up. */
  async function writeRest(): Promise<void> {
    const late = Promise.withResolvers<boolean>()
    const cancelLate = clock.schedule(closeDeadlineMs, () => late.resolve(true))
    const isOwing = (): boolean => recorder.size > 0 || batch !== undefined
    while (isOwing()) {
      const written = flush().then(() => false)
      // Waited for, so the thread keeps the process alive from here on.
      worker?.ref()
      if (await Promise.race([written, late.promise])) break
      if (batch !== undefined) break
    }
    cancelLate()
  }

  async function end(): Promise<void> {
    cancel()
    await writeRest()
    hasEnded = true
    cancelDeadline()
    // Counts what the recorder had to drop.
    recorder.takeBatch(0)
    drop(recorder.size + (batch?.count ?? 0))
    if (worker === undefined) return
    const ending = worker
    const ended = new Promise<void>((resolve) => ending.once('exit', () => resolve()))
    ending.ref()
    // A thread taken away in the middle of a native call can take the process with it, so it is
    // asked first.
    ending.postMessage({ kind: 'end' } satisfies TraceOrder)
    const cancelTerminate = clock.schedule(endingMs, () => void ending.terminate())
    await ended
    cancelTerminate()
  }

  arm(writeEveryMs)
  return { flush, close: () => (closing ??= end()) }
}

/** Writes what is held at once, from this thread: for a command that leaves a trace or two. */
export async function writeTraces(
  { store, config }: Pick<Composition, 'store' | 'config'>,
  recorder: TraceRecorder,
): Promise<void> {
  const traces = recorder.takeBatch(batchSize)
  if (traces.length > 0) await store.traces.appendTraces(traces, config.server.traces.keep)
}
