/** How long to wait before trying again. */
export interface BackoffOptions {
  /** Ceiling of the first wait. Default 1 s. */
  readonly firstMs?: number
  /** Ceiling of every wait. Default 60 s. */
  readonly maxMs?: number
  /** A number from 0 to 1, drawn anew for each wait. */
  readonly random: () => number
}

/**
 * Exponential backoff with jitter: the `attempt`-th wait (from 1) lies between half of its ceiling
 * and the ceiling, so that a failing service is never hammered and workers do not march in step.
 */
export function backoffMs(attempt: number, options: BackoffOptions): number {
  const { firstMs = 1_000, maxMs = 60_000, random } = options
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30))
  return Math.round(ceiling * (0.5 + random() / 2))
}
