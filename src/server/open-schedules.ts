import {
  nextDueAt,
  runDueSchedules,
  type ScheduleContext,
  type ScheduledImport,
  type SeenSchedules,
} from '../imports/index.ts'
import { createLocalJobs, nextTick, previousTick } from '../jobs/index.ts'
import { systemRandom } from '../kernel/index.ts'
import { beginImport, type ImportRunner } from './api/import-runner.ts'
import type { Composition } from './compose.ts'

/** How often schedules are looked at besides the instants they name: the clock may be set (ms). */
const everyMs = 30_000

/** Schedules of a running service. */
export interface Schedules {
  /** Looks now. */
  wake(): Promise<void>
  close(): Promise<void>
}

/**
 * Starts running imports by their schedules. Every node does; the store gives each due instant to
 * one of them. Begins nothing while `mayStart` says no.
 */
export async function openSchedules(
  composition: Composition,
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
  const jobs = createLocalJobs({
    clock,
    random: systemRandom,
    // That nothing was due every half minute is not worth a line.
    emit: (event) => {
      if (event.type === 'job.failed') events.emit(event)
    },
  })
  let cancelNext = (): void => {}
  let isClosed = false
  const wakeAtNext = (): void => {
    cancelNext()
    const now = clock.now()
    const at = nextDueAt(scheduledImports(composition), now, context.ticks)
    if (isClosed || at === undefined || at - now > everyMs) return
    cancelNext = clock.schedule(at - now, () => void jobs.wake('schedules'))
  }
  await jobs.add(
    {
      name: 'schedules',
      runDue: async () => {
        try {
          if (mayStart()) await runDueSchedules(scheduledImports(composition), seen, context)
        } finally {
          wakeAtNext()
        }
        return { more: false }
      },
    },
    { everyMs },
  )
  // So that a new schedule is known from the start on, and what was missed is made up for.
  await jobs.wake('schedules')
  return {
    wake: async () => await jobs.wake('schedules'),
    close: async () => {
      isClosed = true
      cancelNext()
      await jobs.stop()
    },
  }
}

/** Imports of the configuration, as it is now, that have a schedule. */
function scheduledImports({ config }: Composition): readonly ScheduledImport[] {
  return Object.values(config.imports).flatMap(({ name, schedule }) =>
    schedule === undefined ? [] : [{ name, cron: schedule }],
  )
}
