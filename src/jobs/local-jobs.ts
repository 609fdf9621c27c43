import type { Clock, Emit, RandomBytes } from '../kernel/index.ts'
import { describeFailure, type JobEvent } from './events.ts'
import { requireName, type Job, type Jobs } from './job.ts'
import { runJob } from './run-job.ts'
import { fraction, startTicker } from './ticker.ts'

/** What local jobs are made with. */
export interface LocalJobsOptions {
  readonly clock: Clock
  readonly random: RandomBytes
  readonly emit?: Emit<JobEvent>
}

/** Pause after the first failure, doubled with each further one up to the longest (ms). */
const pauseMs = { first: 1_000, longest: 300_000 } as const

interface LocalJob {
  wake(): void
  /** Ends the timers; resolves when the run under way has ended. */
  stop(): Promise<void>
}

/**
 * Makes jobs that timers of this process wake; they never keep it alive. After a failure a job
 * pauses for 1 s, 2 s, 4 s … up to 5 minutes, half of it by chance, whatever its schedule says;
 * `wake` ends the pause.
 */
export function createLocalJobs(options: LocalJobsOptions): Jobs {
  const jobs = new Map<string, LocalJob>()
  const stopping = new AbortController()
  return {
    add: async (job, schedule) => {
      const name = requireName(job)
      if (jobs.has(name)) throw new RangeError(`there is a job "${name}" already`)
      if (stopping.signal.aborted) throw new Error('the jobs were stopped')
      const local = createLocalJob(job, options, stopping.signal)
      const stopTicking = startTicker(schedule, options, local.tick)
      jobs.set(name, {
        wake: local.wake,
        stop: () => {
          stopTicking()
          return local.stop()
        },
      })
    },
    wake: async (name) => {
      const job = jobs.get(name)
      if (job === undefined) throw new RangeError(`there is no job "${name}"`)
      job.wake()
    },
    leave: async (name) => {
      const job = jobs.get(name)
      jobs.delete(name)
      await job?.stop()
    },
    stop: async () => {
      stopping.abort(new Error('the jobs are being stopped'))
      await Promise.all([...jobs.values()].map((job) => job.stop()))
    },
  }
}

function createLocalJob(
  job: Job,
  { clock, random, emit = () => {} }: LocalJobsOptions,
  signal: AbortSignal,
): LocalJob & { readonly tick: () => void } {
  const { name } = job
  /** Set before the job is called: it may wake itself. */
  let isRunning = false
  let running = Promise.resolve()
  let isWokenAgain = false
  let hasEnded = false
  let failures = 0
  /** Set while the job pauses after a failure. */
  let endPause: (() => void) | undefined

  const pause = (error: unknown): void => {
    failures++
    const whole = Math.min(pauseMs.first * 2 ** (failures - 1), pauseMs.longest)
    const inMs = whole / 2 + (whole / 2) * fraction(random)
    const { code, detail } = describeFailure(error)
    const at = clock.now()
    emit({ type: 'job.failed', at, job: name, code, detail, attempt: failures, retryAt: at + inMs })
    if (!signal.aborted && !hasEnded) endPause = clock.schedule(inMs, wake)
  }

  const runOnce = async (): Promise<void> => {
    try {
      const run = await runJob(job, clock, signal)
      failures = 0
      if (run === undefined) return
      const { durationMs, rounds } = run
      emit({ type: 'job.finished', at: clock.now(), job: name, durationMs, rounds })
    } catch (error) {
      pause(error)
    }
  }

  const run = async (): Promise<void> => {
    do {
      isWokenAgain = false
      endPause?.()
      endPause = undefined
      await runOnce()
    } while (isWokenAgain && !signal.aborted)
    isRunning = false
  }

  function wake(): void {
    if (signal.aborted || hasEnded) return
    if (isRunning) {
      isWokenAgain = true
      return
    }
    isRunning = true
    running = run()
  }

  return {
    wake,
    // A tick during a run or a pause is left out: the next one is not far.
    tick: () => {
      if (!isRunning && endPause === undefined) wake()
    },
    stop: async () => {
      hasEnded = true
      isWokenAgain = false
      endPause?.()
      await running
    },
  }
}
