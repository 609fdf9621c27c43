import type { z } from 'zod'
import { guidanceOfAlarm, type ListedAlarm } from '../alarms/index.ts'
import type { alarmSchema } from './api/alarm-schema.ts'
import { guidanceToJson } from './connection-view.ts'

const time = (epochMs: number): string => new Date(epochMs).toISOString()

/** An alarm as API and command line show it. */
export function alarmToJson(alarm: ListedAlarm): z.input<typeof alarmSchema> {
  const { id, key, kind, subject, severity, title, detail, remedy, deliveries } = alarm
  return {
    id,
    key,
    kind,
    subject,
    severity,
    title,
    detail,
    remedy,
    ...guidanceToJson(guidanceOfAlarm(alarm)),
    since: time(alarm.since),
    raised_at: time(alarm.raisedAt),
    changed_at: time(alarm.changedAt),
    recovered_at: alarm.recoveredAt === undefined ? null : time(alarm.recoveredAt),
    deliveries: { ...deliveries },
  }
}
