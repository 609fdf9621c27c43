import { readFile } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { createSecretReader, loadConfig } from '../config/index.ts'
import type { TraceRecord } from '../gateway/index.ts'
import { isEvergrantError, systemClock, systemRandom } from '../kernel/index.ts'
import type { Store } from '../store/index.ts'
import { openVault } from './compose.ts'
import { openConfiguredStore } from './open-store.ts'
import type { TraceOrder, TraceReport, TraceWorkerInput } from './trace-messages.ts'

/** Traces in one transaction: others wait for the lock no longer than that takes. */
const transactionSize = 500
/** How often a SQLite store has its log moved into the file, which main threads never do (ms). */
const checkpointEveryMs = 60_000

const input = workerData as TraceWorkerInput
let store: Store | undefined
let checkpointedTick = systemClock.monotonic()

async function open(): Promise<Store> {
  const config = await loadConfig(input.configPath, { readFile, workingDirectory: '/' })
  const secrets = createSecretReader({ env: input.env, readFile, clock: systemClock })
  const vault = await openVault(config, secrets)
  const { role } = input
  return await openConfiguredStore(config, {
    vault,
    secrets,
    clock: systemClock,
    random: systemRandom,
    role,
  })
}

async function append(traces: readonly TraceRecord[], keep: number): Promise<void> {
  store ??= await open()
  for (let at = 0; at < traces.length; at += transactionSize) {
    await store.traces.appendTraces(traces.slice(at, at + transactionSize), keep)
  }
  if (systemClock.monotonic() - checkpointedTick < checkpointEveryMs) return
  checkpointedTick = systemClock.monotonic()
  await store.checkpoint()
}

async function obey(order: TraceOrder): Promise<void> {
  if (order.kind === 'end') {
    await store?.close()
    // Nothing more is listened to, so that the thread ends by itself.
    parentPort?.close()
    return
  }
  try {
    await append(JSON.parse(order.traces) as readonly TraceRecord[], order.keep)
    parentPort?.postMessage({ kind: 'appended' } satisfies TraceReport)
  } catch (error) {
    if (!isEvergrantError(error)) throw error
    parentPort?.postMessage({ kind: 'failed', code: error.code } satisfies TraceReport)
  }
}

let last = Promise.resolve()
parentPort?.on('message', (order: TraceOrder) => {
  // One after the other. A fault becomes an unhandled rejection: the other thread's worker error.
  last = last.then(async () => await obey(order))
})
