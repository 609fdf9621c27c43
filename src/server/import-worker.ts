import { parentPort } from 'node:worker_threads'
import { createRunControl, driveRun } from '../imports/index.ts'
import { isEvergrantError } from '../kernel/index.ts'
import { compose } from './compose.ts'
import {
  isTold,
  type ImportWorkerInput,
  type WorkerMessage,
  type WorkerOrder,
} from './import-messages.ts'

const control = createRunControl()

async function main(input: ImportWorkerInput): Promise<void> {
  const { configPath, runId, instanceId, storePageLimit } = input
  const composition = await compose({
    configPath,
    env: process.env,
    role: 'bulk',
    // A run may take hours: a pause or a revocation meanwhile must reach it.
    isLasting: true,
    ...(storePageLimit === undefined ? {} : { storePageLimit }),
  })
  composition.events.on((event) => {
    if (isTold(event)) parentPort?.postMessage({ event } satisfies WorkerMessage)
  })
  try {
    const run = await composition.store.runs.getRun(runId)
    if (run === undefined) throw new Error(`the run ${runId} vanished`)
    await driveRun(composition.driving(run.options.connection), run, instanceId, control)
  } finally {
    await composition.close()
  }
}

async function drive(input: ImportWorkerInput): Promise<void> {
  try {
    await main(input)
  } catch (error) {
    if (!isEvergrantError(error)) throw error
    const { code, detail, remedy } = error
    parentPort?.postMessage({ code, detail, remedy } satisfies WorkerMessage)
  } finally {
    // Nothing more is listened to, so that the thread ends by itself.
    parentPort?.close()
  }
}

let isDriving = false
parentPort?.on('message', (order: WorkerOrder) => {
  if (order === 'end') {
    control.request('lost')
    if (!isDriving) parentPort?.close()
    return
  }
  isDriving = true
  // A fault becomes an unhandled rejection, which reaches the other thread as the worker's error.
  void drive(order.drive)
})
parentPort?.postMessage('ready' satisfies WorkerMessage)
