import { EvergrantError } from '../kernel/index.ts'

/** Returns the same error with another wait; undefined means that waiting does not help. */
export function withWait(error: EvergrantError, retryAfterMs: number | undefined): EvergrantError {
  const { code, detail, remedy, upstream, cause } = error
  return new EvergrantError(code, detail, {
    remedy,
    ...(upstream === undefined ? {} : { upstream }),
    ...(cause === undefined ? {} : { cause }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}
