import { takeOverRuns, type TakeOverContext } from '../imports/index.ts'
import type { ImportRunner } from './api/import-runner.ts'
import type { Composition } from './compose.ts'
import { createOwnJobs } from './start-jobs.ts'

/** How often a service looks for runs that another one left behind (ms). */
const everyMs = 5_000

/** Taking over what other services left behind. */
export interface TakeOver {
  close(): Promise<void>
}

/**
 * Starts looking for runs whose service is gone and goes on with them, while `mayStart` says yes.
 * Every node looks by itself: a queue would have to notice the dead node first, which is what this
 * is for.
 */
export async function openTakeOver(
  composition: Composition,
  imports: ImportRunner,
  mayStart: () => boolean,
): Promise<TakeOver> {
  const { desk, events } = composition
  const context: TakeOverContext = {
    desk,
    emit: events.emit,
    start: imports.start,
    declined: new Map(),
  }
  const jobs = createOwnJobs(composition)
  await jobs.add(
    {
      name: 'take-over',
      runDue: async () => {
        if (mayStart()) await takeOverRuns(context)
        return { more: false }
      },
    },
    { everyMs },
  )
  return { close: async () => await jobs.stop() }
}
