import { prepareRun } from '../../src/imports/index.ts'
import { compose, openImportWorker } from '../../src/server/index.ts'
import { serve } from '../serve.ts'
import { connectionName, writeConfig } from '../workspace.ts'
import { maxRssMiB, type ImportJob, type ImportOutcome } from './import-side.ts'

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
        refreshBeforeMs: 300_000,
        publish: 'complete',
      },
    })
    await worker.drive({ configPath, runId: run.id, instanceId }).done
    const elapsedMs = performance.now() - start
    const outcome = { elapsedMs, maxRssMiB: maxRssMiB() }
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
