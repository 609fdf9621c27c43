import type { EvergrantEvent } from '../kernel/index.ts'
import type { AlarmKind, AlarmSeverity } from './ports.ts'

interface AlarmEventBase extends EvergrantEvent {
  readonly alarmId: string
}

interface DeliveryEventBase extends AlarmEventBase {
  readonly deliveryId: string
  /** The receiver, without secrets. */
  readonly receiver: string
}

/** What happens to alarms. No event holds a secret. */
export type AlarmEvent =
  | (AlarmEventBase & {
      readonly type: 'alarm.raised' | 'alarm.recovered'
      readonly kind: AlarmKind
      readonly subject: string
      readonly severity: AlarmSeverity
      readonly title: string
      readonly detail: string
      readonly remedy: string
      readonly since: number
    })
  | (DeliveryEventBase & { readonly type: 'alarm.delivered'; readonly attempt: number })
  | (DeliveryEventBase & {
      readonly type: 'alarm.delivery_failed'
      readonly attempt: number
      readonly detail: string
      readonly retryAt: number
    })
  | (DeliveryEventBase & { readonly type: 'alarm.delivery_dead'; readonly detail: string })
  | (EvergrantEvent & { readonly type: 'alarm.deliveries_dropped'; readonly count: number })

/** What each event means, in one sentence; the source of the reference page. */
export const alarmEventTypes: Readonly<Record<AlarmEvent['type'], string>> = {
  'alarm.raised': 'Something a person must know began, or passed its next threshold.',
  'alarm.recovered': 'What an alarm was about is over.',
  'alarm.delivered': 'A receiver took the message about an alarm.',
  'alarm.delivery_failed': 'A receiver could not be told of an alarm; it is tried again.',
  'alarm.delivery_dead':
    'A receiver could not be told of an alarm for so long that it is given up.',
  'alarm.deliveries_dropped':
    'Messages for receivers that no service knows any more were given up.',
}
