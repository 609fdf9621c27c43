/** What came of a due instant: begun, left out as a run was going, too late, or refused. */
export type ScheduleOutcome = 'started' | 'skipped' | 'missed' | 'failed'

/** How the schedule of one import stands. Instants are epoch ms. */
export interface ScheduleRecord {
  readonly name: string
  /** As it was when it was noted. */
  readonly cron: string
  /** When it was first seen so: what was due before is not. */
  readonly knownSince: number
  /** Up to when due instants were taken, or are not wanted. */
  readonly handledAt: number
  /** Of the last that was taken; undefined while whoever took it is at it. */
  readonly outcome?: ScheduleOutcome
  readonly outcomeAt?: number
  /** The run that was begun or gone on with. */
  readonly runId?: string
  /** Code of why it failed. */
  readonly code?: string
  readonly pausedAt?: number
  /** Who paused it. */
  readonly pausedBy?: string
}

/** What is noted of a due instant. */
export interface ScheduleNote {
  readonly outcome: ScheduleOutcome
  readonly runId?: string
  readonly code?: string
}

/**
 * Where schedules of imports stand. Every method is one atomic step, safe to call from many
 * processes at once. `store_unavailable`, `store_busy` and `store_full` are thrown.
 */
export interface ScheduleStore {
  listSchedules(): Promise<readonly ScheduleRecord[]>
  /** Notes a schedule, when it is new or another than was noted: it is due from `now` on. */
  knowSchedule(name: string, cron: string, now: number): Promise<ScheduleRecord>
  /**
   * Takes a due instant for the caller alone. False when it was taken, when the schedule is paused,
   * or is another by now.
   */
  claimDue(name: string, cron: string, dueAt: number): Promise<boolean>
  /** Takes what was taken up to `handledAt` for taken up to `now`, unless more was taken since. */
  rewindSchedule(name: string, handledAt: number, now: number): Promise<void>
  /** Notes what came of an instant that the caller took. */
  noteDue(name: string, dueAt: number, note: ScheduleNote, now: number): Promise<void>
  /** Keeps an import from being begun by its schedule; false when it is paused already. */
  pauseSchedule(name: string, cron: string, by: string, now: number): Promise<boolean>
  /** Lets it be begun again, from `now` on; false when it was not paused. */
  resumeSchedule(name: string, now: number): Promise<boolean>
}
