import { prepareRun } from '../../src/imports/index.ts'
import { compose, openImportWorker, type Composition } from '../../src/server/index.ts'
import { watchLoop } from '../loop-delay.ts'
import { serve } from '../serve.ts'
import { connectionName, writeConfig } from '../workspace.ts'
import {
  maxRssMiB,
  type ImportJob,
  type ImportOutcome,
  type ServiceOutcome,
} from './import-side.ts'

// What `evergrant import` does: compose, prepare the run, drive it in a worker that composes itself.
serve(async (job: ImportJob): Promise<ImportOutcome> => {
  const configPath = await writeConfig(job.folder, job.simulator)
  const connection = connectionName(0)
  // Modules are loaded before the clock starts, as those of every other side are.
  const worker = openImportWorker()
  await worker.ready
  const startedAt = Date.now()
  const start = performance.now()
  const composition = await compose({ configPath, role: 'main' })
  try {
    const { run, instanceId } = await prepareRun(composition.desk, {
      name: connection,
      destination: job.to === 'ndjson' ? { kind: 'ndjson', folder: job.folder } : { kind: 'store' },
      isFresh: false,
      isTakeOver: false,
      options: {
        connection,
        ...(await composition.importSource(connection)),
        collections: ['users'],
        columns: { users: job.columns },
        pageSize: job.pageSize,
        concurrency: job.concurrency ?? 'auto',
        refreshBeforeMs: 300_000,
        publish: 'complete',
      },
    })
    const leave = job.watch === true ? serveMeanwhile(composition, connection) : undefined
    await worker.drive({ configPath, runId: run.id, instanceId }).done
    const elapsedMs = performance.now() - start
    const service = leave === undefined ? {} : { service: await leave() }
    const outcome = { elapsedMs, maxRssMiB: maxRssMiB(), ...service }
    const end = await composition.store.runs.getRun(run.id)
    if (end?.verdict !== 'complete') {
      throw new Error(`the import ended ${end?.state}, ${end?.verdict}: ${end?.problem?.detail}`)
    }
    const [begun] = await composition.store.runs.readLog(run.id, 0, 1)
    const startMs = (begun?.at ?? Number.NaN) - startedAt
    return { ...outcome, startMs, rows: end.totals.rows }
  } finally {
    await worker.close()
    await composition.close()
  }
})

/** How often the main thread of a service has something to do (ms). */
const serveEveryMs = 20

/**
 * Does what the main thread of a service does while an import runs: looks a token and a grant up,
 * and writes to the store. Resolves with how it fared when the returned function is called.
 */
function serveMeanwhile(
  composition: Composition,
  connection: string,
): () => Promise<ServiceOutcome> {
  const { engine, store } = composition
  const handle = engine.connection(connection)
  const address = { connection, tenant: handle.definition.provider.tenant }
  const writeMs: number[] = []
  const stopWatching = watchLoop()
  const ending = new AbortController()
  const serving = (async () => {
    while (!ending.signal.aborted) {
      await handle.getToken()
      await store.grants.findGrant(address)
      const start = performance.now()
      await composition.beat()
      writeMs.push(performance.now() - start)
      await new Promise((resolve) => setTimeout(resolve, serveEveryMs))
    }
  })()
  return async () => {
    ending.abort()
    const delay = stopWatching()
    await serving
    const sorted = writeMs.toSorted((a, b) => a - b)
    return {
      delay,
      writes: sorted.length,
      writeP99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
      writeMostMs: sorted.at(-1) ?? Number.NaN,
    }
  }
}
