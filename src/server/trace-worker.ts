import { readFile } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { createSecretReader } from '../config/index.ts'
import type { TraceRecord } from '../gateway/index.ts'
import { EvergrantError, isEvergrantError, systemClock, systemRandom } from '../kernel/index.ts'
import type { Store } from '../store/index.ts'
import { openConfiguredStore } from './open-store.ts'
import { openVault } from './open-vault.ts'
import type { TraceOrder, TraceReport, TraceWorkerInput } from './trace-messages.ts'

/** Traces in one transaction: others wait for the lock no longer than that takes. */
const transactionSize = 500
/** How often a SQLite store has its log moved into the file, which main threads never do (ms). */
const checkpointEveryMs = 60_000

const { config, env, role } = workerData as TraceWorkerInput
let store: Store | undefined
let isEnding = false
let checkpointedTick = systemClock.monotonic()

async function open(): Promise<Store> {
  const secrets = createSecretReader({ env, readFile, clock: systemClock })
  const vault = await openVault(config, secrets)
  const outside = { clock: systemClock, random: systemRandom }
  return await openConfiguredStore(config, { vault, secrets, role, ...outside })
}

async function append(traces: readonly TraceRecord[], keep: number): Promise<void> {
  store ??= await open()
  if (isEnding) throw new EvergrantError('store_unavailable', 'the store is being closed')
  for (let at = 0; at < traces.length; at += transactionSize) {
    await store.traces.appendTraces(traces.slice(at, at + transactionSize), keep)
  }
  if (systemClock.monotonic() - checkpointedTick < checkpointEveryMs) return
  checkpointedTick = systemClock.monotonic()
  // What was appended stands, whatever keeps the log from being moved.
  await store.checkpoint().catch(() => {})
}

async function report(order: Extract<TraceOrder, { kind: 'append' }>): Promise<void> {
  try {
    await append(JSON.parse(order.traces) as readonly TraceRecord[], order.keep)
    parentPort?.postMessage({ kind: 'appended' } satisfies TraceReport)
  } catch (error) {
    if (!isEvergrantError(error)) throw error
    parentPort?.postMessage({ kind: 'failed', code: error.code } satisfies TraceReport)
  }
}

let last = Promise.resolve()

/** Whatever is under way has had its time: a store that is open is closed beneath it. */
async function end(): Promise<void> {
  isEnding = true
  await store?.close()
  await last
  await store?.close()
  // Nothing more is listened to, so that the thread ends by itself.
  parentPort?.close()
}

parentPort?.on('message', (order: TraceOrder) => {
  // One after the other. A fault becomes an unhandled rejection: the other thread's worker error.
  if (order.kind === 'end') void end()
  else last = last.then(async () => await report(order))
})
