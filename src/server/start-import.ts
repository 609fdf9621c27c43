import { Worker } from 'node:worker_threads'
import type { ImportEvent } from '../imports/index.ts'
import { EvergrantError, systemClock, type Emit } from '../kernel/index.ts'
import type { ImportWorkerInput, WorkerMessage, WorkerOrder } from './import-messages.ts'

/** Sources run as TypeScript, the published package as JavaScript. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** How long a worker that was told to end may take before its thread is taken away (ms). */
const endingMs = 10_000

/** A worker that drives one run. */
export interface RunningImport {
  /**
   * Resolves when the worker has ended; how the run ended stands in the store. Rejects with what
   * the worker could not record there: a full or broken store, or a fault of ours.
   */
  readonly done: Promise<void>
  /** Ends the worker at once, which `done` takes for an end like any other; the run can be resumed. */
  kill(): Promise<void>
}

/** A worker thread that has loaded its modules, or is doing so, and waits for a run to drive. */
export interface ImportWorker {
  /** Resolves when the modules are loaded. */
  readonly ready: Promise<void>
  /** Lets the worker compose itself and drive the run; the store is the channel. Called once. */
  drive(input: ImportWorkerInput): RunningImport
  /** Ends the worker, if it still lives. Idempotent. */
  close(): Promise<void>
}

/**
 * Opens a worker thread. Its modules load while the caller readies the run, so open it first; an
 * open worker keeps the process alive until it is closed.
 *
 * @param emit Hears what happens to the run, at most a few times a second.
 */
export function openImportWorker(emit: Emit<ImportEvent> = () => {}): ImportWorker {
  const worker = new Worker(new URL(`./import-worker.${extension}`, import.meta.url), {
    // What a page leaves behind is let go of sooner: its bytes are held by small objects, of which
    // a young generation of the usual size takes hundreds of pages' worth.
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  })
  let isKilled = false
  let failure: EvergrantError | undefined
  const ready = Promise.withResolvers<void>()
  const done = new Promise<void>((resolve, reject) => {
    worker.on('message', (message: WorkerMessage) => {
      if (message === 'ready') {
        ready.resolve()
        return
      }
      if ('event' in message) {
        emit(message.event)
        return
      }
      failure = new EvergrantError(message.code, message.detail, { remedy: message.remedy })
    })
    worker.on('error', reject)
    worker.on('exit', (code) => {
      if (failure !== undefined) reject(failure)
      else if (code === 0 || isKilled) resolve()
      else reject(new EvergrantError('internal', `the import worker exited with ${code}`))
    })
  })
  // A worker that fails before it has a run to drive is told of by `drive`.
  done.catch(() => {})
  void done.finally(() => ready.resolve()).catch(() => {})
  const order = (told: WorkerOrder): void => worker.postMessage(told)
  const kill = async (): Promise<void> => {
    isKilled = true
    // A thread taken away in the middle of a native call can take the process with it, so the worker
    // is asked first: it lets go of requests and waits, closes the store and ends.
    order('end')
    const cancel = systemClock.schedule(endingMs, () => void worker.terminate())
    await done.catch(() => {})
    cancel()
  }
  return {
    ready: ready.promise,
    drive: (input) => {
      order({ drive: input })
      return { done, kill }
    },
    close: kill,
  }
}
