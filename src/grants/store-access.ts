import { EvergrantError, isEvergrantError, type Clock } from '../kernel/index.ts'
import { bounded } from './bounded.ts'

/** Reaches the store so that its outage costs persistence, never a token. */
export interface StoreAccess {
  /**
   * Runs one store call. Undefined instead of its value when the store is down, answers with an
   * error of ours, or takes longer than five seconds; other errors are faults and thrown.
   *
   * @param onFailed Told which error stood in for the value.
   */
  attempt<T>(
    call: () => Promise<T>,
    onFailed?: (error: EvergrantError) => void,
  ): Promise<{ readonly value: T } | undefined>
}

/** How long one store call may take (ms). */
export const storeDeadlineMs = 5_000

/**
 * Makes the access; shared by all connections of an engine. `onLost` and `onRegained` alternate:
 * one outage is told once.
 */
export function createStoreAccess(
  clock: Clock,
  onLost: (error: EvergrantError) => void,
  onRegained: () => void,
): StoreAccess {
  let isDown = false
  return {
    attempt: async (call, onFailed) => {
      try {
        const value = await bounded(clock, storeDeadlineMs, call(), () => tooSlow())
        if (isDown) {
          isDown = false
          onRegained()
        }
        return { value }
      } catch (error) {
        if (!isEvergrantError(error)) throw error
        onFailed?.(error)
        if (!isDown) {
          isDown = true
          onLost(error)
        }
        return undefined
      }
    },
  }
}

function tooSlow(): EvergrantError {
  return new EvergrantError(
    'store_busy',
    `the store did not answer within ${storeDeadlineMs / 1_000} seconds`,
  )
}
