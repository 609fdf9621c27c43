import type { Clock } from '../kernel/index.ts'
import type { Job } from './job.ts'

/** How a run ended that did not fail. */
export interface JobRun {
  readonly durationMs: number
  readonly rounds: number
  /** There is more to do: the run was told to end, or its time was over. */
  readonly more: boolean
}

/**
 * Calls a job again and again while it says that there is more, until the signal aborts or
 * `budgetMs` (by default no limit) are over. Undefined when it ended by the signal; rejects with
 * what the job rejects with otherwise.
 */
export async function runJob(
  job: Job,
  clock: Clock,
  signal: AbortSignal,
  budgetMs = Number.POSITIVE_INFINITY,
): Promise<JobRun | undefined> {
  const startedAt = clock.monotonic()
  for (let rounds = 1; ; rounds++) {
    let more: boolean
    try {
      ;({ more } = await job.runDue({ signal }))
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    }
    const durationMs = clock.monotonic() - startedAt
    if (!more || signal.aborted || durationMs >= budgetMs) return { durationMs, rounds, more }
  }
}
