import type { ScheduleStore } from '../../imports/ports.ts'
import { asSchedule, type ScheduleRow } from '../rows/schedule-row.ts'
import type { Connection } from './connection.ts'

/** Whoever took an instant that counts no more is waited for no more. */
const forgetTaken = 'outcome_at = CASE WHEN outcome IS NULL THEN NULL ELSE outcome_at END'

/** Keeps schedules of imports in SQLite. */
export function createScheduleStore({ prepare, read, write }: Connection): ScheduleStore {
  const know = (name: string, cron: string, now: number): void => {
    prepare(
      `INSERT INTO import_schedules (name, cron, known_since, handled_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET cron = excluded.cron, known_since = excluded.known_since,
         handled_at = max(handled_at, excluded.handled_at), ${forgetTaken}
       WHERE cron <> excluded.cron`,
    ).run(name, cron, now, now)
  }
  return {
    listSchedules: async () => {
      const sql = 'SELECT * FROM import_schedules ORDER BY name'
      const rows = await read(() => prepare<unknown[], ScheduleRow>(sql).all())
      return rows.map(asSchedule)
    },

    knowSchedule: async (name, cron, now) =>
      await write(() => {
        know(name, cron, now)
        const row = prepare<unknown[], ScheduleRow>(
          'SELECT * FROM import_schedules WHERE name = ?',
        ).get(name)
        if (row === undefined) throw new Error('the schedule vanished within a transaction')
        return asSchedule(row)
      }),

    claimDue: async (name, cron, dueAt, now) =>
      await write(
        () =>
          prepare(
            `UPDATE import_schedules
             SET handled_at = @dueAt, outcome = NULL, outcome_at = @now, run_id = NULL, code = NULL
             WHERE name = @name AND cron = @cron AND handled_at < @dueAt AND paused_at IS NULL`,
          ).run({ name, cron, dueAt, now }).changes > 0,
      ),

    reclaimDue: async (name, dueAt, takenAt, now) =>
      await write(
        () =>
          prepare(
            `UPDATE import_schedules SET outcome_at = ?
             WHERE name = ? AND handled_at = ? AND outcome IS NULL AND outcome_at = ?
               AND paused_at IS NULL`,
          ).run(now, name, dueAt, takenAt).changes > 0,
      ),

    rewindSchedule: async (name, handledAt, now) => {
      await write(() =>
        prepare(
          `UPDATE import_schedules SET handled_at = @now, known_since = min(known_since, @now),
             ${forgetTaken}
           WHERE name = @name AND handled_at = @handledAt`,
        ).run({ name, handledAt, now }),
      )
    },

    noteDue: async (name, dueAt, { outcome, runId, code }, now) => {
      await write(() =>
        prepare(
          `UPDATE import_schedules SET outcome = ?, outcome_at = ?, run_id = ?, code = ?
           WHERE name = ? AND handled_at = ? AND outcome IS NULL`,
        ).run(outcome, now, runId ?? null, code ?? null, name, dueAt),
      )
    },

    pauseSchedule: async (name, cron, by, now) =>
      await write(() => {
        know(name, cron, now)
        const { changes } = prepare(
          `UPDATE import_schedules SET paused_at = ?, paused_by = ?
           WHERE name = ? AND paused_at IS NULL`,
        ).run(now, by, name)
        return changes > 0
      }),

    resumeSchedule: async (name, now) =>
      await write(
        () =>
          prepare(
            `UPDATE import_schedules SET paused_at = NULL, paused_by = NULL,
               handled_at = max(handled_at, ?), ${forgetTaken}
             WHERE name = ? AND paused_at IS NOT NULL`,
          ).run(now, name).changes > 0,
      ),
  }
}
