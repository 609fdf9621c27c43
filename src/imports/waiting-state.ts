import type { Clock, EvergrantError } from '../kernel/index.ts'
import type { Journal } from './journal.ts'
import type { RunStore } from './ports.ts'

/** Waits shorter than this, and first failures, do not show in the run's state. */
const visibleWaitMs = 3_000

/** Shows in a run's state that it waits, and for what. */
export interface WaitingState {
  /** Takes a wait after the `failures`-th failure in a row; visible when it is long or repeated. */
  during(
    error: EvergrantError,
    failures: number,
    waitMs: number,
    wait: () => Promise<void>,
  ): Promise<void>
  /** Ends the waiting state after a success. */
  end(): Promise<void>
}

/** Makes the waiting state of one run. */
export function createWaitingState(
  store: RunStore,
  runId: string,
  instanceId: string,
  journal: Journal,
  clock: Clock,
): WaitingState {
  let since: { readonly at: number; readonly code: string } | undefined

  const begin = async (error: EvergrantError): Promise<void> => {
    if (since === undefined) {
      since = { at: clock.monotonic(), code: error.code }
      journal.note({ type: 'waiting_started', code: error.code, detail: error.detail }, 'warn')
    }
    await journal.write((log, totals, now) => {
      const change = { state: 'waiting', reason: error.detail, totals } as const
      return store.updateRun(runId, instanceId, change, log, now)
    })
  }

  return {
    during: async (error, failures, waitMs, wait) => {
      if (waitMs >= visibleWaitMs || failures >= 3 || since !== undefined) await begin(error)
      else await journal.flush()
      await wait()
    },
    end: async () => {
      if (since === undefined) return
      const waitedMs = Math.round(clock.monotonic() - since.at)
      journal.note({ type: 'waiting_ended', code: since.code, waitedMs })
      since = undefined
      await journal.write((log, totals, now) => {
        const change = { state: 'running', reason: null, totals } as const
        return store.updateRun(runId, instanceId, change, log, now)
      })
    },
  }
}
