import { expect, it } from 'vitest'
import type { AuditDesk, AuditNote } from '../access/index.ts'
import { createEventBus, systemClock } from '../kernel/index.ts'
import { recordEvents } from './audit-events.ts'
import type { AnyEvent } from './compose.ts'

it('records what strangers make happen sixty times an hour, and by each issuer apart', async () => {
  let tick = 0
  const notes: AuditNote[] = []
  const desk: AuditDesk = {
    record: async (note) => {
      notes.push(note)
    },
  }
  const events = createEventBus<AnyEvent>()
  const clock = { monotonic: () => tick, schedule: systemClock.schedule }
  const recorder = recordEvents(events, desk, clock, () => {})
  const fail = (issuer: string): void => {
    events.emit({ type: 'console.sign_in_failed', at: 1, issuer, code: 'console_sign_in_refused' })
  }
  const about = { at: 1, connection: 'csp', tenant: '', outcome: 'granted' } as const
  for (; tick < 50 * 60_000; tick += 20_000) {
    fail('contoso')
    events.emit({ type: 'consent.admin_returned', ...about })
  }
  fail('fabrikam')
  await recorder.flush()
  const count = (action: string, target: string): number =>
    notes.filter((note) => note.action === action && note.target === target).length
  expect(count('console.sign_in_failed', 'contoso')).toBe(60)
  expect(count('consent.admin_returned', 'csp')).toBe(60)
  expect(count('console.sign_in_failed', 'fabrikam')).toBe(1)
  tick += 3_600_000
  fail('contoso')
  await recorder.close()
  expect(count('console.sign_in_failed', 'contoso')).toBe(61)
})
