import type { Clock } from '../kernel/index.ts'

/**
 * Settles as `work` does, or rejects with `late()` once `milliseconds` have passed. The work itself
 * is not stopped; its later outcome is dropped.
 */
export function bounded<T>(
  clock: Clock,
  milliseconds: number,
  work: Promise<T>,
  late: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(milliseconds, () => reject(late()))
    work.then(resolve, reject).finally(cancel)
  })
}

/** Settles as `work` does, or rejects with the signal’s reason: ends this wait, never the work. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    if (signal.aborted) {
      onAbort()
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
