import { Worker } from 'node:worker_threads'
import { EvergrantError } from '../kernel/index.ts'
import type { ImportWorkerInput, WorkerFailure } from './import-messages.ts'

/** Sources run as TypeScript, the published package as JavaScript. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

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

/** Starts a worker thread that composes itself and drives the run; the store is the channel. */
export function startImport(input: ImportWorkerInput): RunningImport {
  const worker = new Worker(new URL(`./import-worker.${extension}`, import.meta.url), {
    workerData: input,
  })
  let isKilled = false
  const done = new Promise<void>((resolve, reject) => {
    let failure: EvergrantError | undefined
    worker.on('message', (message: WorkerFailure) => {
      failure = new EvergrantError(message.code, message.detail, { remedy: message.remedy })
    })
    worker.on('error', reject)
    worker.on('exit', (code) => {
      if (failure !== undefined) reject(failure)
      else if (code === 0 || isKilled) resolve()
      else reject(new EvergrantError('internal', `the import worker exited with ${code}`))
    })
  })
  return {
    done,
    kill: async () => {
      isKilled = true
      await worker.terminate()
    },
  }
}
