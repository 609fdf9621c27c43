import { guidanceOfAlarm } from './guidance.ts'
import type { AlarmRecord } from './ports.ts'

/** Why a message is sent. */
export type MessageType = 'alarm.raised' | 'alarm.recovered' | 'alarm.test'

/** What a receiver gets as JSON; members are only ever added. */
export interface AlarmMessage {
  readonly type: MessageType
  /** Of this message: the same however often it is sent. */
  readonly id: string
  /** When it was made (RFC 3339). */
  readonly at: string
  /** The installation, by its public address. */
  readonly service: string
  readonly alarm: {
    readonly id: string
    readonly key: string
    readonly kind: string
    readonly subject: string
    readonly severity: string
    readonly title: string
    readonly detail: string
    readonly remedy: string
    /** These four are not in messages that an earlier Evergrant left to be sent. */
    readonly meaning?: string | null
    readonly steps?: readonly string[]
    readonly link?: string | null
    readonly actor?: string
    readonly since: string
    readonly raised_at: string
    readonly recovered_at: string | null
  }
}

/** Makes the message about an alarm. */
export function messageOf(
  alarm: AlarmRecord,
  {
    type,
    id,
    now,
    service,
  }: Pick<AlarmMessage, 'type' | 'id' | 'service'> & { readonly now: number },
): AlarmMessage {
  const { key, kind, subject, severity, title, detail, remedy } = alarm
  return {
    type,
    id,
    at: wire(now),
    service,
    alarm: {
      id: alarm.id,
      key,
      kind,
      subject,
      severity,
      title,
      detail,
      remedy,
      ...guidanceOfAlarm(alarm),
      since: wire(alarm.since),
      raised_at: wire(alarm.raisedAt),
      recovered_at: alarm.recoveredAt === undefined ? null : wire(alarm.recoveredAt),
    },
  }
}

/** One line for people: a mail’s subject, a chat’s head. */
export function headOf({ type, alarm }: AlarmMessage): string {
  if (type === 'alarm.recovered') return `[over] ${alarm.title}`
  return type === 'alarm.test' ? `[test] ${alarm.title}` : `[${alarm.severity}] ${alarm.title}`
}

/** The facts below the head, in order. */
export function factsOf({
  type,
  at,
  service,
  alarm,
}: AlarmMessage): readonly (readonly [string, string])[] {
  return [
    ['What', alarm.detail],
    ...(type === 'alarm.recovered' ? [] : toDo(alarm)),
    ['Since', alarm.since],
    ...(type === 'alarm.recovered' ? [['Over', alarm.recovered_at ?? at] as const] : []),
    ['Alarm', `${alarm.kind} of ${alarm.subject} (${alarm.id})`],
    ['Service', service],
  ]
}

/** Why, what to do, step by step, and where to read more. */
function toDo({
  remedy,
  meaning = null,
  steps = [],
  link = null,
}: AlarmMessage['alarm']): readonly (readonly [string, string])[] {
  const isMore = steps.length > 1 || (steps.length === 1 && steps[0] !== remedy)
  return [
    ...(meaning === null ? [] : [['Why', meaning] as const]),
    ['To do', remedy],
    ...(isMore ? steps.map((step, i) => [`Step ${i + 1}`, step] as const) : []),
    ...(link === null ? [] : [['See', link] as const]),
  ]
}

const wire = (at: number): string => new Date(at).toISOString()
