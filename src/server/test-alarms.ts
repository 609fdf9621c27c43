import { messageOf, type AlarmRecord, type SendOutcome } from '../alarms/index.ts'
import { newId, systemRandom } from '../kernel/index.ts'
import type { Composition } from './compose.ts'
import { openAlarmContext } from './open-alarms.ts'

/** What came of a test message to one receiver. */
export interface AlarmTest {
  /** The receiver, without secrets. */
  readonly receiver: string
  readonly outcome: SendOutcome
}

/** For one receiver (ms). */
const sendingMs = 30_000

/** Sends every receiver a test message, once and at once; nothing of it is stored. */
export async function testAlarms(composition: Composition): Promise<readonly AlarmTest[]> {
  const { clock, config } = composition
  const { receivers, service } = await openAlarmContext(composition, () => config.server.publicUrl)
  const now = clock.now()
  const alarm: AlarmRecord = {
    id: newId('alm', now, systemRandom),
    key: 'test',
    kind: 'grant_lapsed',
    subject: 'test',
    severity: 'warning',
    title: 'Alarms of Evergrant reach you',
    detail: 'Someone ran `evergrant alarms test`.',
    remedy: 'Nothing.',
    since: now,
    step: 0,
    raisedAt: now,
    changedAt: now,
  }
  return await Promise.all(
    receivers().map(async ({ label, send }) => {
      const id = newId('dlv', now, systemRandom)
      const message = messageOf(alarm, { type: 'alarm.test', id, now, service: service() })
      const deadline = new AbortController()
      const cancel = clock.schedule(sendingMs, () => deadline.abort(new Error('it took too long')))
      const outcome = await send(message, deadline.signal).finally(cancel)
      return { receiver: label, outcome }
    }),
  )
}
