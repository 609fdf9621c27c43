import { isEvergrantError, type Clock, type Emit, type EvergrantEvent } from '../kernel/index.ts'
import type { LogBody, LogEntry } from './execution-log.ts'
import type { RunStore, RunTotals } from './ports.ts'
import { createProgressTeller, type ImportProgressEvent } from './progress-events.ts'

/** How long a store that another process has locked (a backup, a VACUUM) is waited for, in all. */
const lockPatienceMs = 300_000
const lockPauseMs = 1_000

/** A line of the execution log as an event; its type is `import.` and the line's own. */
export interface ImportLogEvent extends EvergrantEvent {
  readonly type: `import.${LogBody['type']}`
  readonly runId: string
  readonly level: LogEntry['level']
  readonly body: LogBody
}

/** What happens to a run. */
export type ImportEvent = ImportLogEvent | ImportProgressEvent

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
   * counters written out of turn would run backwards. A store that another process has locked is
   * waited for, five minutes at most (`store_busy`).
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
  run: { readonly id: string; readonly name: string; readonly totals: RunTotals },
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

  const tellProgress = createProgressTeller(run, clock, emit)
  let waitedForLockMs = 0

  /** Nothing of a step has happened when the store was locked, so it may be taken again. */
  const whileLocked = async (step: () => Promise<void>): Promise<void> => {
    for (;;) {
      const askedAt = clock.monotonic()
      try {
        await step()
        waitedForLockMs = 0
        return
      } catch (error) {
        if (!isEvergrantError(error) || error.code !== 'store_busy') throw error
        if (waitedForLockMs >= lockPatienceMs) throw error
        await clock.sleep(lockPauseMs)
        waitedForLockMs += clock.monotonic() - askedAt
      }
    }
  }

  const writeNow: Journal['write'] = async (step, achieved = { lines: [], count: {} }) => {
    const now = clock.now()
    const news = achieved.lines.map((body) => ({ at: now, level: 'info', body }) as const)
    const waiting = lines
    lines = []
    const written = [...waiting, ...news]
    try {
      await whileLocked(() => step(written, snapshot(achieved.count), now))
    } catch (error) {
      lines = [...waiting, ...lines]
      throw error
    }
    add(totals, achieved.count)
    for (const line of news) publish(line)
    tellProgress(written, snapshot())
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
