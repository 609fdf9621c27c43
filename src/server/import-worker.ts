import { parentPort, workerData } from 'node:worker_threads'
import { driveRun } from '../imports/index.ts'
import { isEvergrantError } from '../kernel/index.ts'
import { compose } from './compose.ts'
import type { ImportWorkerInput, WorkerFailure } from './import-messages.ts'

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

try {
  await main(workerData as ImportWorkerInput)
} catch (error) {
  if (!isEvergrantError(error)) throw error
  const { code, detail, remedy } = error
  parentPort?.postMessage({ code, detail, remedy } satisfies WorkerFailure)
}
