import type { ScheduleRecord } from '../../imports/ports.ts'

/** A row of `import_schedules`. */
export interface ScheduleRow {
  readonly name: string
  readonly cron: string
  readonly known_since: number
  readonly handled_at: number
  readonly outcome: NonNullable<ScheduleRecord['outcome']> | null
  /** Without an outcome: when the instant was taken. */
  readonly outcome_at: number | null
  readonly run_id: string | null
  readonly code: string | null
  readonly paused_at: number | null
  readonly paused_by: string | null
}

/** A row as the port shows it. */
export function asSchedule(row: ScheduleRow): ScheduleRecord {
  return {
    name: row.name,
    cron: row.cron,
    knownSince: row.known_since,
    handledAt: row.handled_at,
    ...(row.outcome === null ? {} : { outcome: row.outcome }),
    ...(row.outcome_at === null
      ? {}
      : { [row.outcome === null ? 'takenAt' : 'outcomeAt']: row.outcome_at }),
    ...(row.run_id === null ? {} : { runId: row.run_id }),
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.paused_at === null ? {} : { pausedAt: row.paused_at }),
    ...(row.paused_by === null ? {} : { pausedBy: row.paused_by }),
  }
}
