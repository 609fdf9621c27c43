import { Worker } from 'node:worker_threads'
import type { Job } from '../jobs/index.ts'
import { EvergrantError, systemClock } from '../kernel/index.ts'
import type { Composition } from './compose.ts'
import type { SweepMessage, SweepOrder } from './sweep-messages.ts'

/** Sources run as TypeScript, the published package as JavaScript. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** How long a worker that was told to end may take before its thread is taken away (ms). */
const endingMs = 45_000

/**
 * How often a SQLite store has its log emptied, which the thread of requests never does by itself
 * (ms).
 */
const tidyEveryMs = 3_600_000

/**
 * Makes the job that renews what nobody asks for: idle refresh tokens and `keepWarm` connections.
 * Looking whether anything is due costs one indexed read; the work itself runs in a worker thread
 * that composes itself, so that a thousand renewals do not hold up this one.
 */
export function createKeepAliveJob(composition: Composition): Job {
  const { store, clock } = composition
  let sweptTick = clock.monotonic()
  return {
    name: 'keep-alive',
    runDue: async ({ signal }) => {
      const dueAt = await store.grants.earliestDue()
      const isDue = dueAt !== undefined && dueAt <= clock.now()
      const isTidying = store.kind === 'sqlite' && clock.monotonic() - sweptTick >= tidyEveryMs
      if (!(isDue || isTidying) || signal.aborted) return { more: false }
      sweptTick = clock.monotonic()
      await sweep(composition, signal)
      return { more: false }
    },
  }
}

/** Runs one sweep in a worker thread; its events are told here as if they had happened here. */
async function sweep(
  { configPath, env, events, store }: Composition,
  signal: AbortSignal,
): Promise<void> {
  // A file's log is emptied by bulk writers alone; a server looks after its own, and lends those of
  // the other role more connections.
  const role = store.kind === 'sqlite' ? 'bulk' : 'main'
  const order: SweepOrder = { configPath, env: { ...env }, role }
  const worker = new Worker(new URL(`./sweep-worker.${extension}`, import.meta.url), {
    workerData: order,
  })
  worker.unref()
  let failure: EvergrantError | undefined
  // A thread taken away in the middle of a native call can take the process with it, so the worker
  // is asked first.
  let cancelTerminate: (() => void) | undefined
  const end = (): void => {
    worker.postMessage('end')
    cancelTerminate ??= systemClock.schedule(endingMs, () => void worker.terminate())
  }
  signal.addEventListener('abort', end, { once: true })
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (message: SweepMessage) => {
        if (message.kind === 'event') events.emit(message.event)
        else failure = new EvergrantError(message.code, message.detail, { remedy: message.remedy })
      })
      worker.on('error', reject)
      worker.on('exit', () => resolve())
    })
  } finally {
    signal.removeEventListener('abort', end)
    cancelTerminate?.()
  }
  if (failure !== undefined) throw failure
}
