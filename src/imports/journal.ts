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
  count(change: CounterChange): void
  /** The counters as of now, time spent included. */
  totals(): RunTotals
  /**
   * Writes lines and counters through `step`, together with what is true only once `step` has
   * resolved. When it rejects, the lines wait for the next write and the rest has not happened.
   * Writes follow one another: a page fetched ahead may report while another is committed, and
   * counters written out of turn would run backwards.
   */
  write(
    step: (log: readonly LogEntry[], totals: RunTotals, now: number) => Promise<void>,
    achieved?: { readonly lines: readonly LogBody[]; readonly count: CounterChange },
  ): Promise<void>
  /** Writes what is not yet written, so that those who follow the run see it. */
  flush(): Promise<void>
}

/** What to add to which counter. */
export type CounterChange = Readonly<Partial<Record<keyof RunTotals, number>>>

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
  let lines: readonly LogEntry[] = []
  let lastWrite: Promise<void> = Promise.resolve()

  const snapshot = (change: CounterChange = {}): RunTotals => {
    const activeMs = run.totals.activeMs + Math.round(clock.monotonic() - startedAt)
    return add({ ...totals, activeMs }, change)
  }
  const publish = ({ at, level, body }: LogEntry): void =>
    emit({ type: `import.${body.type}`, at, runId: run.id, level, body })

  const writeNow: Journal['write'] = async (step, achieved = { lines: [], count: {} }) => {
    const now = clock.now()
    const news = achieved.lines.map((body) => ({ at: now, level: 'info', body }) as const)
    const waiting = lines
    lines = []
    try {
      await step([...waiting, ...news], snapshot(achieved.count), now)
    } catch (error) {
      lines = [...waiting, ...lines]
      throw error
    }
    add(totals, achieved.count)
    for (const line of news) publish(line)
  }

  const journal: Journal = {
    note: (body, level = 'info') => {
      const line = { at: clock.now(), level, body }
      lines = [...lines, line]
      publish(line)
    },
    count: (change) => {
      add(totals, change)
    },
    totals: snapshot,
    write: (step, achieved) => {
      const written = lastWrite.then(() => writeNow(step, achieved))
      lastWrite = written.catch(() => {})
      return written
    },
    flush: async () => {
      if (lines.length === 0) return
      await journal.write((log, now, at) =>
        store.updateRun(run.id, instanceId, { totals: now }, log, at),
      )
    },
  }
  return journal
}

function add(totals: Record<keyof RunTotals, number>, change: CounterChange): RunTotals {
  for (const [name, amount] of Object.entries(change)) totals[name as keyof RunTotals] += amount
  return totals
}
