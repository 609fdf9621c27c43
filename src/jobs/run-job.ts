import type { Clock } from '../kernel/index.ts'
import type { Job, More } from './job.ts'

/** How a run ended that did not fail. */
export interface JobRun {
  readonly durationMs: number
  readonly rounds: number
  /** There is more to do: the run was told to end, or its time was over. */
  readonly more: More
}

/**
 * Calls a job again and again while it says that there is more, until the signal aborts or
 * `budgetMs` (by default no limit) are over; with `hasOthers`, not for what another node can do as
 * well. Undefined when it ended by the signal; rejects with what the job rejects with otherwise.
 */
export async function runJob(
  job: Job,
  clock: Clock,
  signal: AbortSignal,
  { budgetMs = Number.POSITIVE_INFINITY, hasOthers = false } = {},
): Promise<JobRun | undefined> {
  const startedAt = clock.monotonic()
  for (let rounds = 1; ; rounds++) {
    let more: More
    try {
      ;({ more } = await job.runDue({ signal }))
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    }
    const durationMs = clock.monotonic() - startedAt
    const isForOthers = more === 'anywhere' && hasOthers
    if (more === false || isForOthers || signal.aborted || durationMs >= budgetMs) {
      return { durationMs, rounds, more }
    }
  }
}
