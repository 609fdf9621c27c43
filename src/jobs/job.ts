/**
 * Work of another room that may be due. What is due is told by that room’s own rows, so that a
 * wake-up too many costs little and one too few costs a delay, never the work.
 */
export interface Job {
  /** Names the kind of work, such as `keep-alive`: lower-case letters, digits, dashes. */
  readonly name: string
  /**
   * Does a bounded piece of what is due. `more` asks to be called again at once; `anywhere` asks
   * that whoever is free be called, on this node or another. Ends early when the signal aborts;
   * rejecting then is no failure.
   */
  runDue(options: { readonly signal: AbortSignal }): Promise<{ readonly more: More }>
}

/** Whether there is more to do, and whether another node may as well do it. */
export type More = boolean | 'anywhere'

/** When a job is woken. */
export type JobSchedule =
  /** Milliseconds from one wake-up to the next. */
  | { readonly everyMs: number }
  /** Cron expression of five fields, in UTC. */
  | { readonly cron: string }

/** What wakes jobs. */
export interface Jobs {
  /**
   * Wakes a job by its schedule from now on, the first time after a random part of the first
   * interval, a minute at most. It never runs twice at a time.
   *
   * @throws EvergrantError `config_invalid` for a cron expression that cannot be read
   */
  add(job: Job, schedule: JobSchedule): Promise<void>
  /**
   * Wakes a job now, whatever its schedule; once more after the run under way, if there is one.
   * Resolves when the wake-up is noted, not when the work is done.
   */
  wake(name: string): Promise<void>
  /**
   * Takes no wake-up of this job any more, and resolves once a run under way has ended; other nodes
   * go on with it. Does nothing for a job that is not there.
   */
  leave(name: string): Promise<void>
  /** Wakes nothing any more, aborts what runs and resolves when it has ended. Idempotent. */
  stop(): Promise<void>
}

/** Returns the job’s name, checked: it names a queue as well. */
export function requireName({ name }: Job): string {
  if (/^[a-z][a-z\d-]{0,60}$/.test(name)) return name
  throw new RangeError(
    `expected a job name of a-z, 0-9 and dashes, but saw ${JSON.stringify(name)}`,
  )
}
