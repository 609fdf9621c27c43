import type { Clock, EvergrantError } from '../kernel/index.ts'
import type { Journal } from './journal.ts'
import type { RunStore } from './ports.ts'

/** Waits shorter than this, and first failures, do not show in the run's state. */
const visibleWaitMs = 3_000

/** Whose wait it is: one for each request that is sent until it is answered. */
export type Waiter = object

/**
 * Shows in a run's state that it waits, and for what. Many requests may wait at once: the run waits
 * as long as one of them does, since what that one reads is still missing, however many others are
 * answered meanwhile.
 */
export interface WaitingState {
  /** Takes a wait after the `failures`-th failure in a row; visible when it is long or repeated. */
  during(
    waiter: Waiter,
    error: EvergrantError,
    failures: number,
    waitMs: number,
    wait: () => Promise<void>,
  ): Promise<void>
  /** Ends the waiting of a request that was answered. */
  end(waiter: Waiter): Promise<void>
  /** The same of one that gave up: what that means for the run is recorded elsewhere. */
  forget(waiter: Waiter): void
}

/** Makes the waiting state of one run. */
export function createWaitingState(
  store: RunStore,
  runId: string,
  instanceId: string,
  journal: Journal,
  clock: Clock,
): WaitingState {
  /** Who waits visibly, and for what; the reason told is that of the latest. */
  const visible = new Map<Waiter, EvergrantError>()
  let since: { readonly at: number; readonly code: string } | undefined
  let told: string | undefined
  let waits = 0
  let waitingSince = 0

  const show = async (state: 'running' | 'waiting', reason: string | null): Promise<void> => {
    told = reason ?? undefined
    await journal.write((log, totals, now) =>
      store.updateRun(runId, instanceId, { state, reason, totals }, log, now),
    )
  }

  const begin = async (waiter: Waiter, error: EvergrantError): Promise<void> => {
    visible.set(waiter, error)
    if (since === undefined) {
      since = { at: clock.monotonic(), code: error.code }
      journal.note({ type: 'waiting_started', code: error.code, detail: error.detail }, 'warn')
    }
    if (told === error.detail) await journal.flush()
    else await show('waiting', error.detail)
  }

  /** Time counts once, however many wait. */
  const waitCounted = async (wait: () => Promise<void>): Promise<void> => {
    if (waits++ === 0) waitingSince = clock.monotonic()
    try {
      await wait()
    } finally {
      if (--waits === 0) {
        journal.count({ waitedMs: Math.round(clock.monotonic() - waitingSince) })
      }
    }
  }

  return {
    during: async (waiter, error, failures, waitMs, wait) => {
      const isVisible = waitMs >= visibleWaitMs || failures >= 3 || visible.has(waiter)
      if (isVisible) await begin(waiter, error)
      else await journal.flush()
      await waitCounted(wait)
    },
    end: async (waiter) => {
      if (since === undefined) return
      visible.delete(waiter)
      const [left] = [...visible.values()].slice(-1)
      if (left !== undefined) {
        if (told !== left.detail) await show('waiting', left.detail)
        return
      }
      const waitedMs = Math.round(clock.monotonic() - since.at)
      journal.note({ type: 'waiting_ended', code: since.code, waitedMs })
      since = undefined
      await show('running', null)
    },
    forget: (waiter) => {
      visible.delete(waiter)
    },
  }
}
