import type { Clock, Emit, EvergrantEvent } from '../kernel/index.ts'
import type { LogBody, LogEntry } from './execution-log.ts'
import type { RunStore, RunTotals } from './ports.ts'

/** A line of the execution log as an event; its type is `import.` and the line's own. */
export interface ImportEvent extends EvergrantEvent {
  readonly type: `import.${LogBody['type']}`
  readonly runId: string
  readonly level: LogEntry['level']
  readonly body: LogBody
}

/** The counters and the execution log of a run while a process drives it. */
export interface Journal {
  /** Adds a line; it is written with the next page, or at once by `flush`. */
  note(body: LogBody, level?: LogEntry['level']): void
  /** Adds to the counters. */
  count(change: Partial<Record<keyof RunTotals, number>>): void
  /** The counters as of now, time spent included. */
  totals(): RunTotals
  /** Hands over the lines not yet written; the caller commits them. */
  take(): readonly LogEntry[]
  /** Writes what is not yet written, so that those who follow the run see it. */
  flush(): Promise<void>
}

/** Starts a journal on the counters the run already has. */
export function createJournal(
  store: RunStore,
  run: { readonly id: string; readonly totals: RunTotals },
  instanceId: string,
  clock: Clock,
  emit: Emit<ImportEvent> = () => {},
): Journal {
  const startedAt = clock.monotonic()
  const totals = { ...run.totals }
  let lines: LogEntry[] = []
  const snapshot = (): RunTotals => ({
    ...totals,
    activeMs: run.totals.activeMs + Math.round(clock.monotonic() - startedAt),
  })
  const take = (): readonly LogEntry[] => {
    const taken = lines
    lines = []
    return taken
  }
  return {
    note: (body, level = 'info') => {
      const at = clock.now()
      lines.push({ at, level, body })
      emit({ type: `import.${body.type}`, at, runId: run.id, level, body })
    },
    count: (change) => {
      for (const [name, amount] of Object.entries(change)) totals[name as keyof RunTotals] += amount
    },
    totals: snapshot,
    take,
    flush: async () => {
      const taken = take()
      if (taken.length === 0) return
      await store.updateRun(run.id, instanceId, { totals: snapshot() }, taken, clock.now())
    },
  }
}
