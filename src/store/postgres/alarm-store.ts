import type { AlarmStore, NewDelivery } from '../../alarms/ports.ts'
import {
  alarmColumns,
  alarmValues,
  asAlarm,
  asClaimed,
  asTroubled,
  troubledColumns,
  troubles,
  type ClaimedRow,
  type ListedAlarmRow,
  type TroubledRow,
} from '../rows/alarm-row.ts'
import { mayBeDue } from '../rows/grant-row.ts'
import type { Connection, Transaction } from './connection.ts'

const countOf = (state: string): string =>
  `(SELECT count(*) FROM evergrant.alarm_deliveries
     WHERE alarm_id = alarms.id AND state = '${state}') AS ${state}`

/** A page of alarms with the counts of their messages, the newest first. */
function alarmsSql(isOpen: boolean | undefined, hasAfter: boolean): string {
  const conditions = [
    ...(isOpen === undefined ? [] : [`recovered_at IS ${isOpen ? '' : 'NOT '}NULL`]),
    ...(hasAfter ? ['id < $2'] : []),
  ]
  return `SELECT ${alarmColumns}, ${['waiting', 'delivered', 'dead'].map(countOf).join(', ')}
    FROM evergrant.alarms ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}
    ORDER BY id DESC LIMIT $1`
}

/** Takes messages that are due: none before those of the same alarm and receiver. */
const claimSql = `UPDATE evergrant.alarm_deliveries
  SET attempt_id = $1, lease_until = $2::bigint + $3::bigint
  WHERE id IN (
    SELECT id FROM evergrant.alarm_deliveries AS due
    WHERE state = 'waiting' AND next_at <= $2 AND lease_until <= $2 AND target = ANY ($4::text[])
      AND NOT EXISTS (SELECT 1 FROM evergrant.alarm_deliveries AS earlier
        WHERE earlier.alarm_id = due.alarm_id AND earlier.target = due.target
          AND earlier.id < due.id AND earlier.state = 'waiting')
    ORDER BY next_at LIMIT $5 FOR UPDATE OF due SKIP LOCKED)
  RETURNING id, alarm_id, target, body, created_at, attempts`

const overdueSql = `SELECT id FROM evergrant.alarm_deliveries
  WHERE state = 'waiting' AND created_at < $1 AND lease_until <= $2 LIMIT $3`

const overSql = `SELECT id FROM evergrant.alarms WHERE recovered_at < $1
  ORDER BY recovered_at LIMIT $2`

/** Grants of each sort of trouble. */
const troubledSql = {
  lapsed: `SELECT ${troubledColumns} FROM evergrant.grants WHERE ${troubles.lapsed} LIMIT $1`,
  unknown: `SELECT ${troubledColumns} FROM evergrant.grants WHERE ${troubles.unknown} LIMIT $1`,
  due: `SELECT ${troubledColumns} FROM evergrant.grants WHERE ${mayBeDue}
    AND keep_alive_at < $2 ORDER BY keep_alive_at LIMIT $1`,
  used: `SELECT ${troubledColumns} FROM evergrant.grants WHERE ${troubles.used}
    AND refresh_used_at < $2 ORDER BY refresh_used_at LIMIT $1`,
} as const

/** Keeps alarms in PostgreSQL. */
export function createAlarmStore({ read, write }: Connection): AlarmStore {
  const addDeliveries = async (
    transaction: Transaction,
    alarmId: string,
    deliveries: readonly NewDelivery[],
    now: number,
  ): Promise<void> => {
    for (const { id, target, body } of deliveries) {
      await transaction.run(
        `INSERT INTO evergrant.alarm_deliveries (id, alarm_id, target, body, created_at, next_at)
         VALUES ($1, $2, $3, $4, $5, $5)`,
        [id, alarmId, target, body, now],
      )
    }
  }
  return {
    listAlarms: async ({ limit, isOpen, after }) => {
      const sql = alarmsSql(isOpen, after !== undefined)
      const values = [limit, ...(after === undefined ? [] : [after])]
      const rows = await read(async (reader) => await reader.rows<ListedAlarmRow>(sql, values))
      return rows.map(asAlarm)
    },

    raiseAlarm: async (alarm, deliveries) =>
      await write(async (transaction) => {
        const values = alarmValues(alarm)
        const changes = await transaction.run(
          `INSERT INTO evergrant.alarms (${alarmColumns})
           VALUES (${values.map((_, at) => `$${at + 1}`).join(', ')})
           ON CONFLICT (key) WHERE recovered_at IS NULL DO NOTHING`,
          values,
        )
        if (changes > 0) await addDeliveries(transaction, alarm.id, deliveries, alarm.raisedAt)
        return changes > 0
      }),

    changeAlarm: async (alarm, expectedStep, deliveries, now) =>
      await write(async (transaction) => {
        const { id, severity, title, detail, remedy, since, step, changedAt } = alarm
        const changes = await transaction.run(
          `UPDATE evergrant.alarms SET severity = $1, title = $2, detail = $3, remedy = $4,
             since = $5, step = $6, changed_at = $7
           WHERE id = $8 AND step = $9 AND recovered_at IS NULL`,
          [severity, title, detail, remedy, since, step, changedAt, id, expectedStep],
        )
        if (changes > 0) await addDeliveries(transaction, id, deliveries, now)
        return changes > 0
      }),

    recoverAlarm: async (id, deliveries, now) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          'UPDATE evergrant.alarms SET recovered_at = $1 WHERE id = $2 AND recovered_at IS NULL',
          [now, id],
        )
        if (changes > 0) await addDeliveries(transaction, id, deliveries, now)
        return changes > 0
      }),

    claimDeliveries: async ({ attemptId, targets, limit, leaseMs, now }) => {
      const rows = await write(
        async (transaction) =>
          await transaction.rows<ClaimedRow>(claimSql, [attemptId, now, leaseMs, targets, limit]),
      )
      return rows.map(asClaimed)
    },

    settleDelivery: async (id, attemptId, outcome, now) =>
      await write(async (transaction) => {
        const isWaiting = outcome.kind === 'retry'
        const changes = await transaction.run(
          `UPDATE evergrant.alarm_deliveries SET state = $1, detail = $2, settled_at = $3,
             next_at = coalesce($4, next_at), attempts = attempts + 1, lease_until = 0,
             attempt_id = NULL
           WHERE id = $5 AND attempt_id = $6 AND state = 'waiting'`,
          [
            isWaiting ? 'waiting' : outcome.kind,
            outcome.kind === 'delivered' ? null : outcome.detail,
            isWaiting ? null : now,
            isWaiting ? outcome.at : null,
            id,
            attemptId,
          ],
        )
        return changes > 0
      }),

    buryDeliveries: async (before, limit, now) => {
      // Most of the time there is none, and then nothing is written.
      const found = await read(
        async (reader) => await reader.row<{ id: string }>(overdueSql, [before, now, 1]),
      )
      if (found === undefined) return 0
      return await write(
        async (transaction) =>
          await transaction.run(
            `UPDATE evergrant.alarm_deliveries SET state = 'dead', settled_at = $2
             WHERE id IN (${overdueSql})`,
            [before, now, limit],
          ),
      )
    },

    sweepAlarms: async (before, limit) => {
      const found = await read(
        async (reader) => await reader.rows<{ id: string }>(overSql, [before, limit]),
      )
      if (found.length === 0) return 0
      const ids = found.map(({ id }) => id)
      return await write(async (transaction) => {
        await transaction.run(
          'DELETE FROM evergrant.alarm_deliveries WHERE alarm_id = ANY ($1::text[])',
          [ids],
        )
        return await transaction.run('DELETE FROM evergrant.alarms WHERE id = ANY ($1::text[])', [
          ids,
        ])
      })
    },

    troubledGrants: async ({ limit, dueBefore, usedBefore }) => {
      const rows = await read(async (reader) => [
        ...(await reader.rows<TroubledRow>(troubledSql.lapsed, [limit])),
        ...(await reader.rows<TroubledRow>(troubledSql.unknown, [limit])),
        ...(await reader.rows<TroubledRow>(troubledSql.due, [limit, dueBefore])),
        ...(await reader.rows<TroubledRow>(troubledSql.used, [limit, usedBefore])),
      ])
      return rows.map(asTroubled)
    },
  }
}
