import { parentPort, workerData } from 'node:worker_threads'
import { isEvergrantError } from '../kernel/index.ts'
import { compose } from './compose.ts'
import type { SweepMessage, SweepOrder } from './sweep-messages.ts'

/** Grants renewed before the signal to end is looked for again, and how many at once. */
const batch = 2_000
const concurrency = 32

const tell = (message: SweepMessage): void => parentPort?.postMessage(message)
const ending = new AbortController()
parentPort?.on('message', () => ending.abort())

async function sweep({ configPath, env, role }: SweepOrder): Promise<void> {
  const composition = await compose({ configPath, env, role, isLasting: true })
  try {
    composition.events.on((event) => tell({ kind: 'event', event }))
    for (;;) {
      const { taken } = await composition.engine.runDue({
        limit: batch,
        concurrency,
        signal: ending.signal,
      })
      if (taken < batch || ending.signal.aborted) break
    }
    await composition.store.checkpoint()
  } finally {
    await composition.close()
  }
}

try {
  await sweep(workerData as SweepOrder)
} catch (error) {
  if (!isEvergrantError(error)) throw error
  const { code, detail, remedy } = error
  tell({ kind: 'failure', code, detail, remedy })
} finally {
  // Nothing more is listened to, so that the thread ends by itself.
  parentPort?.close()
}
