import { abandonRun, type PreparedRun } from '../../imports/index.ts'
import type { Composition } from '../compose.ts'
import { openImportWorker, type RunningImport } from '../start-import.ts'

/** Drives runs in worker threads of this process. */
export interface ImportRunner {
  /** Begins to drive a run that was readied here; how it goes stands in the store. */
  start(prepared: PreparedRun): void
  /** Ends the workers; their runs can be resumed. */
  close(): Promise<void>
}

/** Makes the runner of one process. */
export function createImportRunner(composition: Composition): ImportRunner {
  const running = new Set<{ readonly worker: RunningImport; readonly ended: Promise<void> }>()
  return {
    start: (prepared) => {
      const worker = openImportWorker().drive({
        configPath: composition.configPath,
        runId: prepared.run.id,
        instanceId: prepared.instanceId,
      })
      const ended = worker.done
        .catch(() => {})
        // A run that ended by itself is over, and stays as it is.
        .then(() => abandonRun(composition.desk, prepared, 'its worker ended without a word'))
        .catch(() => {})
        .finally(() => running.delete(entry))
      const entry = { worker, ended }
      running.add(entry)
    },
    close: async () => {
      await Promise.all(
        [...running].map(async ({ worker, ended }) => {
          await worker.kill()
          await ended
        }),
      )
    },
  }
}
