import {
  buildRequest,
  handOnRun,
  prepareRun,
  type PreparedRun,
  type RunRecord,
} from '../../imports/index.ts'
import { EvergrantError } from '../../kernel/index.ts'
import type { Composition } from '../compose.ts'
import { describedImport } from '../described-import.ts'
import { openImportWorker, type RunningImport } from '../start-import.ts'

/** Drives runs in worker threads of this process. */
export interface ImportRunner {
  /** Begins to drive a run that was readied here; how it goes stands in the store. */
  start(prepared: PreparedRun): void
  /** Ends the workers and leaves their runs to other services, or to the next one here. */
  close(): Promise<void>
}

/** Makes the runner of one process. */
export function createImportRunner(composition: Composition): ImportRunner {
  let isClosing = false
  const running = new Set<{ readonly worker: RunningImport; readonly ended: Promise<void> }>()
  const leave = async (prepared: PreparedRun): Promise<void> => {
    if (isClosing) {
      await handOnRun(composition.desk, prepared, 'the service that drove it ended')
      return
    }
    const detail = 'its worker ended without a word'
    await handOnRun(composition.desk, prepared, detail, new EvergrantError('internal', detail))
  }
  return {
    start: (prepared) => {
      const worker = openImportWorker(composition.events.emit).drive({
        configPath: composition.configPath,
        runId: prepared.run.id,
        instanceId: prepared.instanceId,
      })
      const ended = worker.done
        .catch(() => {})
        // A run that ended by itself is over, and stays as it is.
        .then(() => leave(prepared))
        .catch(() => {})
        .finally(() => running.delete(entry))
      const entry = { worker, ended }
      running.add(entry)
    },
    close: async () => {
      isClosing = true
      await Promise.all(
        [...running].map(async ({ worker, ended }) => {
          await worker.kill()
          await ended
        }),
      )
    },
  }
}

/**
 * Begins the import that the configuration describes under a name, or goes on with its interrupted
 * run, in a worker of this process.
 *
 * @throws EvergrantError `import_undefined`, `import_running`, `import_owned`,
 *   `connection_unknown`, `destination_*`, `provider_*`, `store_*`
 */
export async function beginImport(
  composition: Composition,
  runner: ImportRunner,
  name: string,
  options: { readonly fresh?: boolean; readonly takeOver?: boolean },
): Promise<RunRecord> {
  const described = await describedImport(composition, name, options)
  const source = await composition.importSource(described.connection)
  const prepared = await prepareRun(composition.desk, buildRequest(described, source))
  runner.start(prepared)
  return prepared.run
}
