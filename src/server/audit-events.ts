import type { AuditDesk, AuditNote } from '../access/index.ts'
import { isEvergrantError, type Clock, type EventBus } from '../kernel/index.ts'
import type { AnyEvent } from './compose.ts'
import { createFailureWindows } from './failure-windows.ts'

/** Events that stand in the record: what becomes of grants, consents and alarms. */
const kept: ReadonlySet<string> = new Set<AnyEvent['type']>([
  'grant.lapsed',
  'grant.reinstated',
  'grant.superseded',
  'grant.candidate_activated',
  'consent.started',
  'consent.code_received',
  'consent.verified',
  'consent.failed',
  'consent.link_created',
  'consent.link_opened',
  'consent.link_revoked',
  'consent.admin_returned',
  'consent.customer_changed',
  'alarm.raised',
  'alarm.recovered',
  'console.sign_in_failed',
  'console.link_made',
  'import.run_taken_over',
  'import.run_given_up',
])

/** What writes events into the record. */
export interface EventRecorder {
  /** Writes what waits, as far as the store takes it. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Entries that wait for the store; beyond them the oldest is let go. */
const mostWaiting = 1_000
/** Between two tries while the store is away (ms). */
const retryMs = 5_000
/**
 * What strangers can make happen is recorded so often within an hour, counted by issuer and by
 * connection: entries are kept for ever. The log has all of it.
 */
const strangerLimits = { perAddress: 60, overall: 600, windowMs: 3_600_000 }

/** Records events of this process from now on, each by itself and in order. */
export function recordEvents(
  events: Pick<EventBus<AnyEvent>, 'on'>,
  desk: AuditDesk,
  clock: Pick<Clock, 'monotonic' | 'schedule'>,
  onFault: (fault: unknown) => void,
): EventRecorder {
  const strangers = createFailureWindows(clock, strangerLimits)
  const waiting: AuditNote[] = []
  let writing: Promise<void> | undefined
  let cancel = (): void => {}
  let isClosed = false

  async function write(): Promise<void> {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      try {
        await desk.record(next)
        waiting.shift()
      } catch (error) {
        if (!isEvergrantError(error)) {
          onFault(error)
          waiting.shift()
          continue
        }
        if (!isClosed) cancel = clock.schedule(retryMs, () => void flush())
        return
      }
    }
  }
  function flush(): Promise<void> {
    cancel()
    writing ??= write().finally(() => {
      writing = undefined
    })
    return writing
  }

  const stop = events.on((event) => {
    if (!kept.has(event.type)) return
    const source = strangerOf(event)
    if (source !== undefined) {
      if (strangers.waitOf(source) !== undefined) return
      strangers.note(source)
    }
    if (waiting.length >= mostWaiting) waiting.shift()
    waiting.push(noteOf(event))
    void flush()
  })
  return {
    flush,
    close: async () => {
      stop()
      isClosed = true
      await flush()
    },
  }
}

/** What an event is counted by, where anybody can make it happen. */
function strangerOf(event: AnyEvent): string | undefined {
  if (event.type === 'console.sign_in_failed') return `issuer ${event.issuer}`
  return event.type === 'consent.admin_returned' ? `connection ${event.connection}` : undefined
}

function noteOf(event: AnyEvent): AuditNote {
  const { type: action, at: _at, ...facts } = event
  const told = facts as Readonly<Record<string, unknown>>
  const text = (name: string): string | undefined => {
    const value = told[name]
    return typeof value === 'string' ? value : undefined
  }
  const connection = text('connection')
  const by = event.type === 'console.link_made' ? event.by : undefined
  const failed = event.type === 'console.sign_in_failed' ? event.code : undefined
  const target =
    text('linkId') ??
    text('sessionId') ??
    text('alarmId') ??
    text('grantId') ??
    text('issuer') ??
    text('runId')
  return {
    actor: by ?? 'evergrant',
    actorKind: by === undefined ? 'evergrant' : 'command',
    action,
    target: target ?? connection ?? '',
    ...(connection === undefined ? {} : { connection }),
    ...(failed === undefined ? { outcome: 'done' } : { outcome: 'refused', code: failed }),
    after: facts,
  }
}
