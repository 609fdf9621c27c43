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
  /** Present while whoever took the last one is at it, or died of it: when it was taken. */
  readonly takenAt?: number
  /** Of the last that was taken, once it is known. */
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
  claimDue(name: string, cron: string, dueAt: number, now: number): Promise<boolean>
  /**
   * Takes the last instant from whoever took it at `takenAt` and is gone. False when something came
   * of it meanwhile, when someone else was faster, or when the schedule is paused.
   */
  reclaimDue(name: string, dueAt: number, takenAt: number, now: number): Promise<boolean>
  /** Takes what was taken up to `handledAt` for taken up to `now`, unless more was taken since. */
  rewindSchedule(name: string, handledAt: number, now: number): Promise<void>
  /** Notes what came of an instant that the caller took; what is noted of it already stays. */
  noteDue(name: string, dueAt: number, note: ScheduleNote, now: number): Promise<void>
  /** Keeps an import from being begun by its schedule; false when it is paused already. */
  pauseSchedule(name: string, cron: string, by: string, now: number): Promise<boolean>
  /** Lets it be begun again, from `now` on; false when it was not paused. */
  resumeSchedule(name: string, now: number): Promise<boolean>
}
