import type { Clock, Emit, EvergrantEvent } from '../kernel/index.ts'
import type { LogBody, LogEntry } from './execution-log.ts'
import type { RunTotals } from './ports.ts'

/** How far a run is, told at most once a second: its counters, which only grow. */
export interface ImportProgressEvent extends EvergrantEvent, Omit<RunTotals, 'deleted'> {
  readonly type: 'import.progress'
  readonly runId: string
  /** The import. */
  readonly name: string
  /** What was last read of; absent before the first. */
  readonly collection?: string
}

/** What each event means, in one sentence; the source of the reference page. */
export const progressEventTypes: Readonly<Record<ImportProgressEvent['type'], string>> = {
  'import.progress':
    'How far a run is: its counters since it began, told once a second at most while it is driven, whenever a collection was judged, and at its end.',
}

const everyMs = 1_000
const ends: ReadonlySet<LogBody['type']> = new Set<LogBody['type']>([
  'collection_judged',
  'run_completed',
  'run_interrupted',
  'run_cancelled',
  'run_failed',
])

/** Makes what tells of a run's progress, given each write of its counters and the lines of it. */
export function createProgressTeller(
  run: { readonly id: string; readonly name: string },
  clock: Clock,
  emit: Emit<ImportProgressEvent>,
): (log: readonly LogEntry[], totals: RunTotals) => void {
  let collection: string | undefined
  let toldAt = Number.NEGATIVE_INFINITY
  return (log, totals) => {
    for (const { body } of log) if ('collection' in body) collection = body.collection
    const now = clock.monotonic()
    // What a collection has cost is its own, and nothing comes after the end.
    if (now - toldAt < everyMs && !log.some(({ body }) => ends.has(body.type))) return
    toldAt = now
    const { deleted: _, ...counters } = totals
    emit({
      type: 'import.progress',
      at: clock.now(),
      runId: run.id,
      name: run.name,
      ...(collection === undefined ? {} : { collection }),
      ...counters,
    })
  }
}
