import type { ImportEvent } from '../imports/index.ts'
import type { EvergrantError } from '../kernel/index.ts'

/** What a worker is told: which configuration to compose, and which run of which instance to drive. */
export interface ImportWorkerInput {
  readonly configPath: string
  readonly runId: string
  readonly instanceId: string
  /** For tests of a full disk. */
  readonly storePageLimit?: number
}

/** What a worker says when it could not record its end in the store. */
export interface WorkerFailure {
  readonly code: EvergrantError['code']
  readonly detail: string
  readonly remedy: string
}

/**
 * What a worker says: that its modules are loaded, what happens to its run, what it could not
 * record.
 */
export type WorkerMessage = 'ready' | { readonly event: ImportEvent } | WorkerFailure

/** What comes by page, group or request is many; it stands in the log, and progress sums it up. */
const quiet: ReadonlySet<string> = new Set<ImportEvent['type']>([
  'import.page_committed',
  'import.changes_committed',
  'import.group_vanished',
  'import.group_hidden',
  'import.request_retried',
  'import.walk_restarted',
])

/** Whether a worker tells its service of an event. */
export function isTold(event: { readonly type: string }): event is ImportEvent {
  return event.type.startsWith('import.') && !quiet.has(event.type)
}

/** What a worker is told: a run to drive, once, and to end at once. */
export type WorkerOrder = { readonly drive: ImportWorkerInput } | 'end'
