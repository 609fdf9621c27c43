import type { Composition } from './compose.ts'
import { createKeepAliveJob } from './keep-alive-job.ts'
import { createBossJobs, createLocalJobs, type Jobs } from '../jobs/index.ts'
import { systemRandom } from '../kernel/index.ts'

/** How often grants that are due are looked for. */
const everyMs = 60_000

/**
 * Starts what has to happen without anyone asking: keeping grants alive. On SQLite a timer of this
 * process wakes it, on PostgreSQL pg-boss, so that of many nodes one at a time does the work.
 */
export async function startJobs(composition: Composition): Promise<Jobs> {
  const job = createKeepAliveJob(composition)
  const { config, secrets, clock } = composition
  const { emit } = composition.events
  const { store } = config
  if (store.type === 'sqlite') {
    const jobs = createLocalJobs({ clock, random: systemRandom, emit })
    await jobs.add(job, { everyMs })
    return jobs
  }
  const { password } = store
  const jobs = await createBossJobs({
    url: store.url,
    ...(password === undefined ? {} : { password: () => secrets.read(password, 'store.password') }),
    clock,
    emit,
  })
  await jobs.add(job, { everyMs })
  return jobs
}
