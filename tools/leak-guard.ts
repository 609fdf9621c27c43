import type { Worker } from 'node:worker_threads'
import { afterAll, beforeAll } from 'vitest'

/**
 * Fails the test file that leaves a listening server, a socket, a child process or a worker thread
 * behind. What is closing gets a moment to be gone. Timers are not counted: the runner's own come
 * and go.
 */
const guarded = ['TCPServerWrap', 'TCPSocketWrap', 'TLSWrap', 'ProcessWrap']

/** How long something that is closing may take to be gone. */
const graceMs = 2_000

let before: ReadonlyMap<string, number> = new Map()
const workers = new Set<Worker>()

const watchWorker = (worker: Worker): void => {
  workers.add(worker)
  worker.once('exit', () => workers.delete(worker))
}

beforeAll(() => {
  before = countOpen()
  process.on('worker', watchWorker)
})

afterAll(async () => {
  const deadline = performance.now() + graceMs
  let leaks = findLeaks()
  while (leaks.length > 0 && performance.now() < deadline) {
    await new Promise(setImmediate)
    leaks = findLeaks()
  }
  process.off('worker', watchWorker)
  if (leaks.length > 0) throw new Error(`this file left open: ${leaks.join(', ')}`)
})

function findLeaks(): readonly string[] {
  const leaks = workers.size > 0 ? [`${workers.size} × Worker`] : []
  for (const [kind, count] of countOpen()) {
    const more = count - (before.get(kind) ?? 0)
    if (more > 0) leaks.push(`${more} × ${kind}`)
  }
  return leaks
}

function countOpen(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    if (guarded.includes(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}
