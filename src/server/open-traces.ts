import { Worker } from 'node:worker_threads'
import type { TraceRecorder } from '../gateway/index.ts'
import { systemClock } from '../kernel/index.ts'
import type { Composition } from './compose.ts'
import type { TraceOrder, TraceReport, TraceWorkerInput } from './trace-messages.ts'

/** Sources run as TypeScript, the published package as JavaScript. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** How often what is held is written (ms). */
const writeEveryMs = 1_000
/** After a batch that could not be written (ms); doubles up to the longest. */
const firstRetryMs = 1_000
const longestRetryMs = 30_000
/** How long the last batches may take when everything ends, and the thread after it (ms). */
const closeDeadlineMs = 5_000
const endingMs = 5_000
/**
 * Traces written at once, and so a second: what keeps a log of calls from costing as much as the
 * calls. A burst waits in the recorder; beyond it plain successes are dropped first, and counted.
 */
const batchSize = 500

/** What writes traces into the store. */
export interface TraceWriter {
  /** Writes what is held now. Resolves when it was written, or could not be. */
  flush(): Promise<void>
  /** Writes what is held, within a deadline, and ends the thread. Idempotent. */
  close(): Promise<void>
}

/**
 * Writes traces into the store, at most 500 every second, from a worker thread. One batch is on its
 * way at a time; while the store is away it waits and is sent again, and the recorder holds what it
 * can and counts the rest. The thread starts with the first batch.
 */
export function startTraceWriter(
  composition: Pick<Composition, 'configPath' | 'env' | 'store' | 'config'>,
  recorder: TraceRecorder,
  onFault: (fault: unknown) => void = () => {},
): TraceWriter {
  // Threads and their timers belong to the host, whatever the clock of traces.
  const clock = systemClock
  let worker: Worker | undefined
  let batch: string | undefined
  let isOnItsWay = false
  let retryMs = firstRetryMs
  let cancel = (): void => {}
  let idle = Promise.withResolvers<void>()
  idle.resolve()
  let closing: Promise<void> | undefined

  const arm = (afterMs: number): void => {
    cancel()
    cancel = clock.schedule(afterMs, write)
  }

  function settle(isWritten: boolean): void {
    isOnItsWay = false
    if (isWritten) {
      batch = undefined
      retryMs = firstRetryMs
    } else retryMs = Math.min(retryMs * 2, longestRetryMs)
    idle.resolve()
    if (closing === undefined) arm(isWritten ? writeEveryMs : retryMs)
  }

  function startWorker(): Worker {
    const { configPath, env, store } = composition
    // A file's log is emptied by bulk writers alone; a server looks after its own.
    const role = store.kind === 'sqlite' ? 'bulk' : 'main'
    const started = new Worker(new URL(`./trace-worker.${extension}`, import.meta.url), {
      workerData: { configPath, env: { ...env }, role } satisfies TraceWorkerInput,
    })
    started.unref()
    started.on('message', ({ kind }: TraceReport) => settle(kind === 'appended'))
    started.on('error', onFault)
    started.on('exit', () => {
      if (worker !== started) return
      worker = undefined
      if (isOnItsWay) settle(false)
    })
    return started
  }

  function write(): void {
    if (isOnItsWay) return
    if (batch === undefined) {
      const traces = recorder.takeBatch(batchSize)
      if (traces.length === 0) {
        if (closing === undefined) arm(writeEveryMs)
        return
      }
      batch = JSON.stringify(traces)
    }
    isOnItsWay = true
    idle = Promise.withResolvers<void>()
    worker ??= startWorker()
    const { keep } = composition.config.server.traces
    worker.postMessage({ kind: 'append', traces: batch, keep } satisfies TraceOrder)
  }

  async function flush(): Promise<void> {
    await idle.promise
    write()
    await idle.promise
  }

  async function end(): Promise<void> {
    cancel()
    const deadline = clock.monotonic() + closeDeadlineMs
    const late = Promise.withResolvers<void>()
    const cancelLate = clock.schedule(closeDeadlineMs, () => late.resolve())
    const isOwing = (): boolean =>
      clock.monotonic() < deadline && (recorder.size > 0 || batch !== undefined)
    // Waited for, so the thread keeps the process alive from here on.
    worker?.ref()
    while (isOwing()) {
      const written = flush()
      worker?.ref()
      await Promise.race([written, late.promise])
      // A store that is away now is not waited for.
      if (batch !== undefined && !isOnItsWay) break
    }
    cancelLate()
    if (worker === undefined) return
    const ending = worker
    const ended = new Promise<void>((resolve) => ending.once('exit', () => resolve()))
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
