import { isEvergrantError, redact, type ErrorCode, type EvergrantEvent } from '../kernel/index.ts'

interface JobEventBase extends EvergrantEvent {
  /** The job’s name. */
  readonly job: string
}

/** What the jobs tell the world. No event holds a secret; instants are epoch ms. */
export type JobEvent =
  | (JobEventBase & {
      readonly type: 'job.finished'
      readonly durationMs: number
      /** How often it was called in a row because there was more to do, at least 1. */
      readonly rounds: number
    })
  | (JobEventBase & {
      readonly type: 'job.failed'
      readonly code: ErrorCode
      readonly detail: string
      /** How many failed in a row in this process, at least 1. */
      readonly attempt: number
      /** When it is tried again at the latest (epoch ms); null when the queue decides. */
      readonly retryAt: number | null
    })
  | (EvergrantEvent & {
      readonly type: 'jobs.queue_troubled'
      readonly detail: string
    })

/** What each event means, in one sentence; the source of the reference page. */
export const jobEventTypes: Readonly<Record<JobEvent['type'], string>> = {
  'job.finished': 'A job was woken and did what was due.',
  'job.failed': 'A job met an error; it is woken again after a pause that grows.',
  'jobs.queue_troubled':
    'The job queue in the database does not answer as it should; it goes on trying.',
}

/** A job’s error as an event tells it: no secret, and at most 600 characters. */
export function describeFailure(error: unknown): {
  readonly code: ErrorCode
  readonly detail: string
} {
  if (isEvergrantError(error)) return { code: error.code, detail: redact(error.detail, []) }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : 'not an error'
  return { code: 'internal', detail: redact(text, []) }
}
