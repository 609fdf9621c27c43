/*
 * The thread that writes traces, which dies as a file tells it: a word for each start, `throw`,
 * `exit`, `after-commit` or `silent`; without a word it is the real one. `WAYS_TO_DIE` names the
 * file.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { TraceWorkerInput } from '../../src/server/trace-messages.ts'

const path = (workerData as TraceWorkerInput).env['WAYS_TO_DIE'] ?? ''
const [way, ...rest] = readFileSync(path, 'utf8').split(' ').filter(Boolean)
writeFileSync(path, rest.join(' '))

const port = parentPort
if (port === null) throw new Error('this is no thread')

if (way === 'throw' || way === 'exit') {
  port.once('message', () => {
    // As a thread without memory ends.
    if (way === 'exit') process.exit(134)
    throw new Error('a fault of the thread')
  })
} else if (way === 'silent') {
  port.on('message', () => {})
} else {
  if (way === 'after-commit') port.postMessage = () => process.exit(1)
  await import('../../src/server/trace-worker.ts')
}
