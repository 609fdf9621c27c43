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
 * Starts running imports by their schedules. What wakes the jobs decides which node looks: on
 * SQLite each process does, on PostgreSQL one of them at a time, which begins one import and leaves
 * the rest to whoever is free; the store gives each due instant to one of them, however many look.
 * Begins nothing while `mayStart` says no.
 */
export async function openSchedules(
  composition: Composition,
  jobs: Jobs,
  imports: ImportRunner,
  mayStart: () => boolean,
): Promise<Schedules> {
  const { store, clock, events } = composition
  const context: ScheduleContext = {
    store: store.schedules,
    clock,
    emit: events.emit,
    ticks: { previous: previousTick, next: nextTick },
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
  await jobs.add(
    {
      name: jobName,
      runDue: async () => {
        try {
          if (!mayStart()) return { more: false }
          const hasMore = await runDueSchedules(scheduledImports(composition), seen, context)
          return { more: hasMore ? 'anywhere' : false }
        } finally {
          wakeAtNext()
        }
      },
    },
    { everyMs },
  )
  // So that a new schedule is known from the start on, and what was missed is made up for.
  await jobs.wake(jobName)
  return {
    wake: wakeNow,
    close: () => {
      closed ??= jobs.leave(jobName)
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
