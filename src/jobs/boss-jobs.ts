import type { Job as Wakeup } from 'pg-boss'
import { isEvergrantError, redact, systemRandom } from '../kernel/index.ts'
import type { Clock, Emit, RandomBytes, Secret } from '../kernel/index.ts'
import { bossFailure, makeQueue, startBoss, textOf, type BossPlace } from './boss-start.ts'
import { describeFailure, type JobEvent } from './events.ts'
import { requireName, type Job, type Jobs, type JobSchedule } from './job.ts'
import { runJob } from './run-job.ts'
import { readSchedule, startTicker } from './ticker.ts'

/** What jobs on PostgreSQL are made with. */
export interface BossJobsOptions {
  /** `postgres://user@host:port/database`, without a password. */
  readonly url: string
  /** Read once, when the jobs start. */
  readonly password?: () => Secret | Promise<Secret>
  readonly clock: Clock
  /** Default: the platform’s. */
  readonly random?: RandomBytes
  readonly emit?: Emit<JobEvent>
  /** The schema pg-boss has for itself. Default `evergrant_jobs`. */
  readonly schema?: string
  /**
   * How often a node looks for wake-ups that another one left and for nodes that died, in
   * milliseconds; at least 1,000. Default 5,000.
   */
  readonly lookMs?: number
}

/** A run that takes longer ends, and a new wake-up goes on: no wake-up is at work for long (ms). */
const budgetMs = 300_000

/** How long `stop` waits for what runs (ms). */
const stopMs = 30_000

/** What one node knows of a job. */
interface BossJob {
  readonly job: Job
  readonly workerId: string
  failures: number
}

/**
 * Makes jobs that are woken through pg-boss in PostgreSQL: of all nodes that share the database one
 * at a time runs a job, and each interval wakes it once. pg-boss carries wake-ups alone: one queue
 * a job, in which at most one wake-up waits and one is at work. The wake-up of a node that died is
 * taken over within about half a minute; one whose job failed is tried five times more, with pauses
 * that grow, besides those of the schedule. Keeps the process alive until `stop`.
 *
 * @throws EvergrantError `jobs_schema_forbidden`, `store_unavailable`, `jobs_queue_unusable`
 */
export async function createBossJobs(options: BossJobsOptions): Promise<Jobs> {
  const { clock, random = systemRandom, emit = () => {}, lookMs = 5_000 } = options
  const place: BossPlace = {
    url: options.url,
    password: await options.password?.(),
    schema: options.schema ?? 'evergrant_jobs',
    lookSeconds: Math.max(1, lookMs / 1_000),
  }
  const tellTrouble = (error: unknown): void => {
    const secrets = place.password === undefined ? [] : [place.password]
    const detail = redact(textOf(error), secrets)
    emit({ type: 'jobs.queue_troubled', at: clock.now(), detail })
  }
  const boss = await startBoss(place, tellTrouble)
  const stopping = new AbortController()
  const jobs = new Map<string, BossJob>()
  const tickers = new Map<string, () => void>()

  /**
   * Sends a wake-up; with `slotSeconds`, one for all nodes in each slot of that length. The node
   * that sends it is awake and need not wait until it looks again, unless it is for anyone.
   */
  async function send(
    name: string,
    { slotSeconds, isForAnyone = false }: { slotSeconds?: number; isForAnyone?: boolean } = {},
  ): Promise<void> {
    const slot = slotSeconds === undefined ? {} : { singletonSeconds: slotSeconds }
    const sent = await boss.send(name, {}, slot)
    const workerId = jobs.get(name)?.workerId
    if (sent !== null && workerId !== undefined && !isForAnyone) boss.notifyWorker(workerId)
  }

  async function handle(known: BossJob, wakeup: Wakeup): Promise<void> {
    const { job } = known
    const signal = AbortSignal.any([wakeup.signal, stopping.signal])
    try {
      const run = await runJob(job, clock, signal, { budgetMs, hasOthers: true })
      known.failures = 0
      if (run === undefined || run.more !== false) {
        await send(job.name, { isForAnyone: run?.more === 'anywhere' })
      }
      if (run === undefined) return
      const { durationMs, rounds } = run
      emit({ type: 'job.finished', at: clock.now(), job: job.name, durationMs, rounds })
    } catch (error) {
      const { code, detail } = describeFailure(error)
      const attempt = ++known.failures
      const at = clock.now()
      emit({ type: 'job.failed', at, job: job.name, code, detail, attempt, retryAt: null })
      // pg-boss writes down what it is thrown, so it gets no more than the code.
      // oxlint-disable-next-line preserve-caught-error
      throw new Error(isEvergrantError(error) ? error.code : 'internal')
    }
  }

  async function work(job: Job, slotSeconds: number): Promise<void> {
    await makeQueue(boss, job.name, slotSeconds)
    const polling = { batchSize: 1, pollingIntervalSeconds: place.lookSeconds }
    const workerId = await boss.work<object>(job.name, polling, async ([wakeup]) => {
      const known = jobs.get(job.name)
      if (known !== undefined && wakeup !== undefined) await handle(known, wakeup)
    })
    jobs.set(job.name, { job, workerId, failures: 0 })
  }

  return {
    add: async (job, schedule) => {
      const name = requireName(job)
      if (jobs.has(name)) throw new RangeError(`there is a job "${name}" already`)
      // Read before anything is made for it.
      readSchedule(schedule, clock)
      const slotSeconds = slotOf(schedule)
      await work(job, slotSeconds).catch((error: unknown) => {
        throw bossFailure(error, place)
      })
      const tick = (): void => void send(name, { slotSeconds }).catch(tellTrouble)
      if (!stopping.signal.aborted)
        tickers.set(name, startTicker(schedule, { clock, random }, tick))
    },
    wake: async (name) => {
      if (!jobs.has(name)) throw new RangeError(`there is no job "${name}"`)
      await send(name).catch((error: unknown) => {
        throw bossFailure(error, place)
      })
    },
    leave: async (name) => {
      tickers.get(name)?.()
      const workerId = jobs.get(name)?.workerId
      if (workerId !== undefined) await boss.offWork(name, { id: workerId, wait: true })
      jobs.delete(name)
    },
    stop: async () => {
      for (const stop of tickers.values()) stop()
      stopping.abort(new Error('the jobs are being stopped'))
      await boss.stop({ graceful: true, timeout: stopMs })
    },
  }
}

/** Cron ticks are a minute apart at least. */
function slotOf(schedule: JobSchedule): number {
  return 'cron' in schedule ? 60 : Math.max(1, Math.round(schedule.everyMs / 1_000))
}
