import type {
  AlarmRecord,
  ClaimedDelivery,
  ListedAlarm,
  TroubledGrant,
} from '../../alarms/ports.ts'

/** A row of `alarms`. */
interface AlarmRow {
  readonly id: string
  readonly key: string
  readonly kind: AlarmRecord['kind']
  readonly subject: string
  readonly severity: AlarmRecord['severity']
  readonly title: string
  readonly detail: string
  readonly remedy: string
  readonly since: number
  readonly step: number
  readonly raised_at: number
  readonly changed_at: number
  readonly recovered_at: number | null
}

/** A row of `alarms` with the counts of its messages. */
export interface ListedAlarmRow extends AlarmRow {
  readonly waiting: number
  readonly delivered: number
  readonly dead: number
}

/** A row of `alarm_deliveries` that was taken. */
export interface ClaimedRow {
  readonly id: string
  readonly alarm_id: string
  readonly target: string
  readonly body: string
  readonly created_at: number
  readonly attempts: number
}

/** What of a grant matters for alarms. */
export interface TroubledRow {
  readonly connection: string
  readonly tenant: string
  readonly state: TroubledGrant['state']
  readonly state_changed_at: number
  readonly last_failure: string | null
  readonly refresh_used_at: number | null
  readonly refresh_unknown_since: number | null
  readonly keep_alive_at: number | null
}

/** The columns of a `TroubledRow`, for a SELECT. */
export const troubledColumns = `connection, tenant, state, state_changed_at, last_failure,
  refresh_used_at, refresh_unknown_since, keep_alive_at`

/**
 * What makes a current grant a reason to look closer, by sort; each is the condition of an index,
 * or begins with one.
 */
export const troubles = {
  lapsed: `standing = 'current' AND state = 'lapsed'`,
  unknown: `standing = 'current' AND refresh_unknown_since IS NOT NULL`,
  used: `standing = 'current' AND state = 'active' AND sealed_refresh_token IS NOT NULL`,
} as const

/** The columns of `alarmValues`, in order. */
export const alarmColumns = `id, key, kind, subject, severity, title, detail, remedy, since, step,
  raised_at, changed_at, recovered_at`

/** An alarm as the values of its row. */
export function alarmValues(alarm: AlarmRecord): readonly (string | number | null)[] {
  const { id, key, kind, subject, severity, title, detail, remedy, since, step } = alarm
  const { raisedAt, changedAt, recoveredAt = null } = alarm
  return [
    id,
    key,
    kind,
    subject,
    severity,
    title,
    detail,
    remedy,
    since,
    step,
    raisedAt,
    changedAt,
    recoveredAt,
  ]
}

/** A row as the port shows it. */
export function asAlarm(row: ListedAlarmRow): ListedAlarm {
  const { id, key, kind, subject, severity, title, detail, remedy, since, step } = row
  return {
    id,
    key,
    kind,
    subject,
    severity,
    title,
    detail,
    remedy,
    since,
    step,
    raisedAt: row.raised_at,
    changedAt: row.changed_at,
    ...(row.recovered_at === null ? {} : { recoveredAt: row.recovered_at }),
    deliveries: {
      waiting: row.waiting,
      delivered: row.delivered,
      dead: row.dead,
    },
  }
}

/** A taken message as the port shows it. */
export function asClaimed(row: ClaimedRow): ClaimedDelivery {
  const { id, target, body, attempts } = row
  return { id, alarmId: row.alarm_id, target, body, createdAt: row.created_at, attempts }
}

/** A grant as the port of alarms shows it. */
export function asTroubled(row: TroubledRow): TroubledGrant {
  return {
    connection: row.connection,
    tenant: row.tenant,
    state: row.state,
    stateChangedAt: row.state_changed_at,
    ...(row.last_failure === null
      ? {}
      : { failure: JSON.parse(row.last_failure) as NonNullable<TroubledGrant['failure']> }),
    ...(row.refresh_used_at === null ? {} : { refreshUsedAt: row.refresh_used_at }),
    ...(row.refresh_unknown_since === null ? {} : { unknownSince: row.refresh_unknown_since }),
    ...(row.keep_alive_at === null ? {} : { keepAliveAt: row.keep_alive_at }),
  }
}
