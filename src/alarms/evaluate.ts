import { newId, type Clock, type Emit, type RandomBytes } from '../kernel/index.ts'
import type { AlarmEvent } from './events.ts'
import { messageOf, type MessageType } from './message.ts'
import type { AlarmRecord, AlarmStore, Condition, NewDelivery } from './ports.ts'
import type { Receiver } from './receiver.ts'

/** What alarms are raised and told with. */
export interface AlarmContext {
  readonly store: AlarmStore
  /** StoreClock. */
  readonly clock: Clock
  readonly random: RandomBytes
  readonly emit: Emit<AlarmEvent>
  /** As configured now. */
  readonly receivers: () => readonly Receiver[]
  /** Public address of the installation. */
  readonly service: () => string
}

/** How things stand. */
export interface Assessment {
  readonly conditions: readonly Condition[]
  /** Whether an open alarm that no condition stands behind any more is over. */
  readonly isOver: (alarm: AlarmRecord) => boolean
}

/** Most alarms that are open at a time; what comes beyond them waits until some are over. */
const mostOpen = 1_000

/**
 * Raises what began, tells anew what passed its next threshold, ends what is over: each once,
 * however many processes do so at the same time. An alarm and its messages are written in one step,
 * so that none is lost. Resolves with how many alarms are open.
 *
 * @param assess Given the alarms that are open, before anything is looked at.
 */
export async function evaluateAlarms(
  context: AlarmContext,
  assess: (open: readonly AlarmRecord[]) => Promise<Assessment>,
): Promise<number> {
  const { store } = context
  const open = await store.listAlarms({ isOpen: true, limit: mostOpen })
  const { conditions, isOver } = await assess(open)
  const known = new Map(open.map((alarm) => [alarm.key, alarm]))
  const wanted = new Map(conditions.map((condition) => [condition.key, condition]))
  let count = open.length
  for (const alarm of open) {
    if (wanted.has(alarm.key) || !isOver(alarm)) continue
    if (await recover(context, alarm)) count--
  }
  for (const condition of wanted.values()) {
    const alarm = known.get(condition.key)
    if (alarm !== undefined) await follow(context, alarm, condition)
    else if (count < mostOpen && (await raise(context, condition))) count++
  }
  return count
}

async function raise(context: AlarmContext, condition: Condition): Promise<boolean> {
  const { store, clock, random } = context
  const now = clock.now()
  const alarm = { ...condition, id: newId('alm', now, random), raisedAt: now, changedAt: now }
  const isNew = await store.raiseAlarm(alarm, deliveriesOf(context, alarm, 'alarm.raised', now))
  if (isNew) tell(context, 'alarm.raised', alarm, now)
  return isNew
}

/** A threshold passed is told; one taken back, as by a longer-lived credential, is only noted. */
async function follow(
  context: AlarmContext,
  alarm: AlarmRecord,
  condition: Condition,
): Promise<void> {
  if (condition.step === alarm.step) return
  const { store, clock } = context
  const now = clock.now()
  const isWorse = condition.step < alarm.step
  const changed: AlarmRecord = {
    ...condition,
    id: alarm.id,
    raisedAt: alarm.raisedAt,
    changedAt: isWorse ? now : alarm.changedAt,
  }
  const deliveries = isWorse ? deliveriesOf(context, changed, 'alarm.raised', now) : []
  const isTaken = await store.changeAlarm(changed, alarm.step, deliveries, now)
  if (isTaken && isWorse) tell(context, 'alarm.raised', changed, now)
}

async function recover(context: AlarmContext, alarm: AlarmRecord): Promise<boolean> {
  const { store, clock } = context
  const now = clock.now()
  const over = { ...alarm, recoveredAt: now }
  const deliveries = deliveriesOf(context, over, 'alarm.recovered', now)
  const isMine = await store.recoverAlarm(alarm.id, deliveries, now)
  if (isMine) tell(context, 'alarm.recovered', over, now)
  return isMine
}

function deliveriesOf(
  { receivers, random, service }: AlarmContext,
  alarm: AlarmRecord,
  type: MessageType,
  now: number,
): readonly NewDelivery[] {
  return receivers().map(({ key }) => {
    const id = newId('dlv', now, random)
    const message = messageOf(alarm, { type, id, now, service: service() })
    return { id, target: key, body: JSON.stringify(message) }
  })
}

function tell(
  { emit }: AlarmContext,
  type: 'alarm.raised' | 'alarm.recovered',
  { id, kind, subject, severity, title, detail, remedy, since }: AlarmRecord,
  at: number,
): void {
  emit({ type, at, alarmId: id, kind, subject, severity, title, detail, remedy, since })
}
