import {
  nextDueAt,
  runDueSchedules,
  type ScheduleContext,
  type ScheduledImport,
  type SeenSchedules,
} from '../imports/index.ts'
import { nextTick, previousTick, type Jobs } from '../jobs/index.ts'
import { isEvergrantError } from '../kernel/index.ts'
import { beginImport, type ImportRunner } from './api/import-runner.ts'
import type { Composition } from './compose.ts'
import { createOwnJobs } from './start-jobs.ts'

/** How often schedules are looked at besides the instants they name: the clock may be set (ms). */
const everyMs = 30_000

const jobName = 'schedules'

/** Schedules of a running service. */
export interface Schedules {
  /** Looks now. */
  wake(): Promise<void>
  /** Looks no more; other services do. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts running imports by their schedules. What wakes the jobs decides which node looks first: on
 * SQLite each process does, on PostgreSQL one of them at a time, which begins one import and leaves
 * the rest to whoever is free. A node with another configuration can be the one that is woken,
 * every time, so each also looks by itself, when it starts and every half minute. The store gives
 * each due instant to one of them, however many look. Begins nothing while `mayStart` says no.
 */
export async function openSchedules(
  composition: Composition,
  jobs: Jobs,
  imports: ImportRunner,
  mayStart: () => boolean,
): Promise<Schedules> {
  const { store, clock, events } = composition
  const own = createOwnJobs(composition)
  const context: ScheduleContext = {
    store: store.schedules,
    clock,
    emit: events.emit,
    ticks: { previous: previousTick, next: nextTick },
    beginning: new Set(),
    start: async (name) => (await beginImport(composition, imports, name, {})).id,
  }
  const seen: SeenSchedules = new Map()
  let cancelNext = (): void => {}
  let closed: Promise<void> | undefined
  /** Where the queue is away the next look is not far. */
  const wakeNow = async (): Promise<void> => {
    try {
      if (closed === undefined) await jobs.wake(jobName)
    } catch (error) {
      if (!isEvergrantError(error)) throw error
    }
  }
  const wakeAtNext = (): void => {
    cancelNext()
    const now = clock.now()
    const at = nextDueAt(scheduledImports(composition), now, context.ticks)
    if (closed !== undefined || at === undefined || at - now > everyMs) return
    cancelNext = clock.schedule(at - now, () => void wakeNow())
  }
  /** Whether others may be due as well. */
  const look = async (): Promise<boolean> => {
    try {
      return mayStart() && (await runDueSchedules(scheduledImports(composition), seen, context))
    } finally {
      wakeAtNext()
    }
  }
  await jobs.add(
    { name: jobName, runDue: async () => ({ more: (await look()) && 'anywhere' }) },
    { everyMs },
  )
  const lookAlone = async (): Promise<{ more: false }> => {
    if (await look()) await wakeNow()
    return { more: false }
  }
  await own.add({ name: jobName, runDue: lookAlone }, { everyMs })
  // So that a new schedule is known from the start on, and what was missed is made up for.
  await own.wake(jobName)
  const leave = async (): Promise<void> => {
    await Promise.all([jobs.leave(jobName), own.stop()])
  }
  return {
    wake: wakeNow,
    close: () => {
      closed ??= leave()
      cancelNext()
      return closed
    },
  }
}

/** Imports of the configuration, as it is now, that have a schedule. */
function scheduledImports({ config }: Composition): readonly ScheduledImport[] {
  return Object.values(config.imports).flatMap(({ name, schedule }) =>
    schedule === undefined ? [] : [{ name, cron: schedule }],
  )
}
