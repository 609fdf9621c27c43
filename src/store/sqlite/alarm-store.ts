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
import type { Connection } from './connection.ts'

const countOf = (state: string): string =>
  `(SELECT count(*) FROM alarm_deliveries WHERE alarm_id = alarms.id AND state = '${state}')
     AS ${state}`

/** A page of alarms with the counts of their messages, the newest first. */
export function alarmsSql(isOpen: boolean | undefined, hasAfter: boolean): string {
  const conditions = [
    ...(isOpen === undefined ? [] : [`recovered_at IS ${isOpen ? '' : 'NOT '}NULL`]),
    ...(hasAfter ? ['id < @after'] : []),
  ]
  return `SELECT ${alarmColumns}, ${['waiting', 'delivered', 'dead'].map(countOf).join(', ')}
    FROM alarms ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}
    ORDER BY id DESC LIMIT @limit`
}

/** Takes messages that are due: none before those of the same alarm and receiver. */
export const claimSql = `UPDATE alarm_deliveries
  SET attempt_id = @attemptId, lease_until = @now + @leaseMs
  WHERE id IN (
    SELECT id FROM alarm_deliveries AS due
    WHERE state = 'waiting' AND next_at <= @now AND lease_until <= @now
      AND target IN (SELECT value FROM json_each(@targets))
      AND NOT EXISTS (SELECT 1 FROM alarm_deliveries AS earlier
        WHERE earlier.alarm_id = due.alarm_id AND earlier.target = due.target
          AND earlier.id < due.id AND earlier.state = 'waiting')
    ORDER BY next_at LIMIT @limit)
  RETURNING id, alarm_id, target, body, created_at, attempts`

/** Grants of each sort of trouble. */
export const troubledSql = {
  lapsed: `SELECT ${troubledColumns} FROM grants WHERE ${troubles.lapsed} LIMIT @limit`,
  unknown: `SELECT ${troubledColumns} FROM grants WHERE ${troubles.unknown} LIMIT @limit`,
  due: `SELECT ${troubledColumns} FROM grants WHERE ${mayBeDue}
    AND keep_alive_at < @dueBefore ORDER BY keep_alive_at LIMIT @limit`,
  used: `SELECT ${troubledColumns} FROM grants WHERE ${troubles.used}
    AND refresh_used_at < @usedBefore ORDER BY refresh_used_at LIMIT @limit`,
} as const

/** Keeps alarms in SQLite. */
export function createAlarmStore({ prepare, read, write }: Connection): AlarmStore {
  const addDeliveries = (
    alarmId: string,
    deliveries: readonly NewDelivery[],
    now: number,
  ): void => {
    for (const { id, target, body } of deliveries) {
      prepare(
        `INSERT INTO alarm_deliveries (id, alarm_id, target, body, created_at, next_at)
         VALUES (?, ?, ?, ?, ?, ?)`,
      ).run(id, alarmId, target, body, now, now)
    }
  }
  return {
    listAlarms: async ({ limit, isOpen, after }) => {
      const sql = alarmsSql(isOpen, after !== undefined)
      const rows = await read(() =>
        prepare<unknown[], ListedAlarmRow>(sql).all({
          limit,
          ...(after === undefined ? {} : { after }),
        }),
      )
      return rows.map(asAlarm)
    },

    raiseAlarm: async (alarm, deliveries) =>
      await write(() => {
        const values = alarmValues(alarm)
        const { changes } = prepare(
          `INSERT INTO alarms (${alarmColumns}) VALUES (${values.map(() => '?').join(', ')})
           ON CONFLICT (key) WHERE recovered_at IS NULL DO NOTHING`,
        ).run(...values)
        if (changes > 0) addDeliveries(alarm.id, deliveries, alarm.raisedAt)
        return changes > 0
      }),

    changeAlarm: async (alarm, expectedStep, deliveries, now) =>
      await write(() => {
        const { id, severity, title, detail, remedy, since, step, changedAt } = alarm
        const { changes } = prepare(
          `UPDATE alarms SET severity = ?, title = ?, detail = ?, remedy = ?, since = ?, step = ?,
             changed_at = ?
           WHERE id = ? AND step = ? AND recovered_at IS NULL`,
        ).run(severity, title, detail, remedy, since, step, changedAt, id, expectedStep)
        if (changes > 0) addDeliveries(id, deliveries, now)
        return changes > 0
      }),

    recoverAlarm: async (id, deliveries, now) =>
      await write(() => {
        const { changes } = prepare(
          'UPDATE alarms SET recovered_at = ? WHERE id = ? AND recovered_at IS NULL',
        ).run(now, id)
        if (changes > 0) addDeliveries(id, deliveries, now)
        return changes > 0
      }),

    claimDeliveries: async ({ targets, ...claim }) => {
      const rows = await write(() =>
        prepare<unknown[], ClaimedRow>(claimSql).all({
          ...claim,
          targets: JSON.stringify(targets),
        }),
      )
      return rows.map(asClaimed)
    },

    settleDelivery: async (id, attemptId, outcome, now) =>
      await write(() => {
        const isWaiting = outcome.kind === 'retry'
        const { changes } = prepare(
          `UPDATE alarm_deliveries SET state = ?, detail = ?, settled_at = ?,
             next_at = coalesce(?, next_at), attempts = attempts + 1, lease_until = 0,
             attempt_id = NULL
           WHERE id = ? AND attempt_id = ? AND state = 'waiting'`,
        ).run(
          isWaiting ? 'waiting' : outcome.kind,
          outcome.kind === 'delivered' ? null : outcome.detail,
          isWaiting ? null : now,
          isWaiting ? outcome.at : null,
          id,
          attemptId,
        )
        return changes > 0
      }),

    buryDeliveries: async (before, limit, now) => {
      const sql = `SELECT id FROM alarm_deliveries
        WHERE state = 'waiting' AND created_at < ? AND lease_until <= ? LIMIT ?`
      // Most of the time there is none, and then nothing is written.
      const found = await read(() => prepare(sql).all(before, now, 1))
      if (found.length === 0) return 0
      return await write(
        () =>
          prepare(
            `UPDATE alarm_deliveries SET state = 'dead', settled_at = ? WHERE id IN (${sql})`,
          ).run(now, before, now, limit).changes,
      )
    },

    sweepAlarms: async (before, limit) => {
      const sql = 'SELECT id FROM alarms WHERE recovered_at < ? ORDER BY recovered_at LIMIT ?'
      const found = await read(() => prepare<unknown[], { id: string }>(sql).all(before, limit))
      if (found.length === 0) return 0
      return await write(() => {
        let swept = 0
        for (const { id } of found) {
          prepare('DELETE FROM alarm_deliveries WHERE alarm_id = ?').run(id)
          swept += prepare('DELETE FROM alarms WHERE id = ?').run(id).changes
        }
        return swept
      })
    },

    troubledGrants: async ({ limit, dueBefore, usedBefore }) => {
      const rows = await read(() => [
        ...prepare<unknown[], TroubledRow>(troubledSql.lapsed).all({ limit }),
        ...prepare<unknown[], TroubledRow>(troubledSql.unknown).all({ limit }),
        ...prepare<unknown[], TroubledRow>(troubledSql.due).all({ limit, dueBefore }),
        ...prepare<unknown[], TroubledRow>(troubledSql.used).all({ limit, usedBefore }),
      ])
      return rows.map(asTroubled)
    },
  }
}
