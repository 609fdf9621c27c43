import { parentPort } from 'node:worker_threads'
import { driveRun } from '../imports/index.ts'
import { isEvergrantError } from '../kernel/index.ts'
import { compose } from './compose.ts'
import type { ImportWorkerInput, WorkerMessage } from './import-messages.ts'

async function main(input: ImportWorkerInput): Promise<void> {
  const { configPath, runId, instanceId, storePageLimit } = input
  const composition = await compose({
    configPath,
    env: process.env,
    role: 'bulk',
    ...(storePageLimit === undefined ? {} : { storePageLimit }),
  })
  try {
    const run = await composition.store.runs.getRun(runId)
    if (run === undefined) throw new Error(`the run ${runId} vanished`)
    await driveRun(composition.driving(run.options.connection), run, instanceId)
  } finally {
    await composition.close()
  }
}

parentPort?.once('message', (input: ImportWorkerInput) => {
  main(input).catch((error: unknown) => {
    // Thrown from here it reaches the other thread as the worker's own error.
    if (!isEvergrantError(error)) {
      setImmediate(() => {
        throw error
      })
      return
    }
    const { code, detail, remedy } = error
    parentPort?.postMessage({ code, detail, remedy } satisfies WorkerMessage)
  })
})
parentPort?.postMessage('ready' satisfies WorkerMessage)
