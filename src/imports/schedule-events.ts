import type { ErrorCode, EvergrantEvent } from '../kernel/index.ts'

interface ScheduleEventBase extends EvergrantEvent {
  /** The import. */
  readonly name: string
}

interface DueEventBase extends ScheduleEventBase {
  /** The instant it was due at (epoch ms). */
  readonly dueAt: number
}

/** What happens to schedules of imports. */
export type ScheduleEvent =
  | (DueEventBase & { readonly type: 'import.schedule_started'; readonly runId: string })
  | (DueEventBase & { readonly type: 'import.schedule_skipped'; readonly detail: string })
  | (DueEventBase & { readonly type: 'import.schedule_missed'; readonly lateMs: number })
  | (DueEventBase & {
      readonly type: 'import.schedule_failed'
      readonly code: ErrorCode
      readonly detail: string
      readonly remedy: string
    })
  | (ScheduleEventBase & {
      readonly type: 'import.schedule_paused' | 'import.schedule_resumed'
      /** Who did. */
      readonly by: string
    })

/** What each event means, in one sentence; the source of the reference page. */
export const scheduleEventTypes: Readonly<Record<ScheduleEvent['type'], string>> = {
  'import.schedule_started':
    'An import was due by its schedule: a run was begun, or an interrupted one gone on with.',
  'import.schedule_skipped':
    'An import was due while a run of it was going; this instant is left out.',
  'import.schedule_missed':
    'No service ran when an import was due, and by now it is too late for that instant.',
  'import.schedule_failed': 'An import was due and could not be begun; the code says why.',
  'import.schedule_paused': 'Somebody paused the schedule of an import.',
  'import.schedule_resumed': 'The schedule of an import holds again, from that instant on.',
}
