import type { Composition } from './compose.ts'
import { createKeepAliveJob } from './keep-alive-job.ts'
import { createBossJobs, createLocalJobs, type JobEvent, type Jobs } from '../jobs/index.ts'
import { systemRandom } from '../kernel/index.ts'

/** How often grants that are due are looked for. */
const everyMs = 60_000

/** Jobs that look so often that doing so is not worth a line. */
const quiet = new Set(['schedules'])

/**
 * Makes what wakes jobs: timers of this process on SQLite, pg-boss on PostgreSQL, so that of many
 * nodes one at a time does the work.
 *
 * @throws EvergrantError `jobs_*`, `store_unavailable`, `secret_unavailable`
 */
export async function openJobs({ config, secrets, clock, events }: Composition): Promise<Jobs> {
  const emit = (event: JobEvent): void => {
    if (event.type !== 'job.finished' || !quiet.has(event.job)) events.emit(event)
  }
  const { store } = config
  if (store.type === 'sqlite') return createLocalJobs({ clock, random: systemRandom, emit })
  const { password } = store
  return await createBossJobs({
    url: store.url,
    ...(password === undefined ? {} : { password: () => secrets.read(password, 'store.password') }),
    clock,
    emit,
  })
}

/**
 * Makes jobs that this process runs whatever others do. That there was nothing to do, every few
 * seconds maybe, is not worth a line: only failures are told.
 */
export function createOwnJobs({ clock, events }: Pick<Composition, 'clock' | 'events'>): Jobs {
  const emit = (event: JobEvent): void => {
    if (event.type === 'job.failed') events.emit(event)
  }
  return createLocalJobs({ clock, random: systemRandom, emit })
}

/** Keeps grants alive without anyone asking. */
export async function addKeepAlive(jobs: Jobs, composition: Composition): Promise<void> {
  await jobs.add(createKeepAliveJob(composition), { everyMs })
}

/** Starts jobs that keep grants alive, and nothing else. */
export async function startJobs(composition: Composition): Promise<Jobs> {
  const jobs = await openJobs(composition)
  await addKeepAlive(jobs, composition)
  return jobs
}
