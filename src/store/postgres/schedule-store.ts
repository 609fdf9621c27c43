import type { ScheduleStore } from '../../imports/ports.ts'
import { asSchedule, type ScheduleRow } from '../rows/schedule-row.ts'
import type { Connection, Transaction } from './connection.ts'

/** Whoever took an instant that counts no more is waited for no more. */
const forgetTaken = 'outcome_at = CASE WHEN outcome IS NULL THEN NULL ELSE outcome_at END'

/** Keeps schedules of imports in PostgreSQL. */
export function createScheduleStore({ read, write }: Connection): ScheduleStore {
  const know = async (
    transaction: Transaction,
    name: string,
    cron: string,
    now: number,
  ): Promise<void> => {
    await transaction.run(
      `INSERT INTO evergrant.import_schedules AS known (name, cron, known_since, handled_at)
       VALUES ($1, $2, $3, $3)
       ON CONFLICT (name) DO UPDATE SET cron = excluded.cron, known_since = excluded.known_since,
         handled_at = greatest(known.handled_at, excluded.handled_at),
         outcome_at = CASE WHEN known.outcome IS NULL THEN NULL ELSE known.outcome_at END
       WHERE known.cron <> excluded.cron`,
      [name, cron, now],
    )
  }
  return {
    listSchedules: async () => {
      const sql = 'SELECT * FROM evergrant.import_schedules ORDER BY name'
      const rows = await read(async (reader) => await reader.rows<ScheduleRow>(sql))
      return rows.map(asSchedule)
    },

    knowSchedule: async (name, cron, now) =>
      await write(async (transaction) => {
        await know(transaction, name, cron, now)
        const row = await transaction.row<ScheduleRow>(
          'SELECT * FROM evergrant.import_schedules WHERE name = $1',
          [name],
        )
        if (row === undefined) throw new Error('the schedule vanished within a transaction')
        return asSchedule(row)
      }),

    claimDue: async (name, cron, dueAt, now) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `UPDATE evergrant.import_schedules
           SET handled_at = $3, outcome = NULL, outcome_at = $4, run_id = NULL, code = NULL
           WHERE name = $1 AND cron = $2 AND handled_at < $3 AND paused_at IS NULL`,
          [name, cron, dueAt, now],
        )
        return changes > 0
      }),

    reclaimDue: async (name, dueAt, takenAt, now) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `UPDATE evergrant.import_schedules SET outcome_at = $4
           WHERE name = $1 AND handled_at = $2 AND outcome IS NULL AND outcome_at = $3
             AND paused_at IS NULL`,
          [name, dueAt, takenAt, now],
        )
        return changes > 0
      }),

    rewindSchedule: async (name, handledAt, now) => {
      await write(
        async (transaction) =>
          await transaction.run(
            `UPDATE evergrant.import_schedules
             SET handled_at = $3, known_since = least(known_since, $3), ${forgetTaken}
             WHERE name = $1 AND handled_at = $2`,
            [name, handledAt, now],
          ),
      )
    },

    noteDue: async (name, dueAt, { outcome, runId, code }, now) => {
      await write(
        async (transaction) =>
          await transaction.run(
            `UPDATE evergrant.import_schedules
             SET outcome = $1, outcome_at = $2, run_id = $3, code = $4
             WHERE name = $5 AND handled_at = $6 AND outcome IS NULL`,
            [outcome, now, runId ?? null, code ?? null, name, dueAt],
          ),
      )
    },

    pauseSchedule: async (name, cron, by, now) =>
      await write(async (transaction) => {
        await know(transaction, name, cron, now)
        const changes = await transaction.run(
          `UPDATE evergrant.import_schedules SET paused_at = $1, paused_by = $2
           WHERE name = $3 AND paused_at IS NULL`,
          [now, by, name],
        )
        return changes > 0
      }),

    resumeSchedule: async (name, now) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `UPDATE evergrant.import_schedules SET paused_at = NULL, paused_by = NULL,
             handled_at = greatest(handled_at, $1), ${forgetTaken}
           WHERE name = $2 AND paused_at IS NOT NULL`,
          [now, name],
        )
        return changes > 0
      }),
  }
}
