import { EvergrantError } from '../kernel/index.ts'
import type { GrantFailure, SharedFailure } from './ports.ts'
import type { SlotFailure } from './slot.ts'

/** An error as the store keeps it; nothing secret. */
export function evidence(error: EvergrantError, at: number): GrantFailure {
  const { code, detail, remedy, upstream } = error
  return { code, detail, remedy, at, ...(upstream === undefined ? {} : { upstream }) }
}

/**
 * A failure as the processes share it.
 *
 * @param shiftMs What the slot’s instants are ahead of the store’s clock.
 */
export function shareFailure(failure: SlotFailure, shiftMs: number): SharedFailure {
  const { error, retry, attempts, at, retryAt } = failure
  return {
    ...evidence(error, at - shiftMs),
    retry,
    attempts,
    ...(retryAt === undefined ? {} : { retryAt: retryAt - shiftMs }),
  }
}

/** The error that another process met. */
export function errorOf({ code, detail, remedy, upstream }: GrantFailure): EvergrantError {
  return new EvergrantError(code, detail, {
    remedy,
    ...(upstream === undefined ? {} : { upstream }),
  })
}
