import { EvergrantError, type Clock } from '../kernel/index.ts'

/** Leaves an API alone for a while after it could not be reached several times in a row. */
export interface Circuit {
  /** Says why no call may be sent now; undefined when one may. */
  refuse(): EvergrantError | undefined
  /** An answer came, whatever its status. */
  succeed(): void
  /** No connection, or no answer. */
  fail(): void
  /** A call that was let through ended without telling anything. */
  forget(): void
}

/** How a circuit reacts. */
export interface CircuitOptions {
  readonly clock: Clock
  /** For messages. */
  readonly origin: string
  /** Failures in a row that open it. Default 5. */
  readonly threshold?: number
  /** How long it stays open at first (ms); doubled each time, up to half a minute. Default 1 s. */
  readonly firstPauseMs?: number
  readonly onChange?: (isOpen: boolean) => void
}

const longestPauseMs = 30_000

/**
 * Makes a circuit. While it is open nothing is sent; when its time is over one call is let through,
 * whose fate decides. A probe whose fate nobody told is given up after the longest pause.
 */
export function createCircuit(options: CircuitOptions): Circuit {
  const { clock, origin, threshold = 5, firstPauseMs = 1_000, onChange } = options
  let failures = 0
  let pauseMs = firstPauseMs
  let openUntil = 0
  let isOpen = false
  let probeSince: number | undefined

  const refusal = (waitMs: number): EvergrantError =>
    new EvergrantError('circuit_open', `${origin} failed ${failures} times in a row`, {
      retryAfterMs: Math.max(1_000, waitMs),
    })

  return {
    refuse: () => {
      if (!isOpen) return undefined
      const now = clock.monotonic()
      if (now < openUntil) return refusal(openUntil - now)
      if (probeSince !== undefined && now - probeSince < longestPauseMs) return refusal(pauseMs)
      probeSince = now
      return undefined
    },
    succeed: () => {
      failures = 0
      if (!isOpen) return
      isOpen = false
      probeSince = undefined
      pauseMs = firstPauseMs
      onChange?.(false)
    },
    fail: () => {
      failures++
      if (isOpen) {
        // Calls that were under way when it opened tell nothing new.
        if (probeSince === undefined) return
        probeSince = undefined
        pauseMs = Math.min(pauseMs * 2, longestPauseMs)
        openUntil = clock.monotonic() + pauseMs
        return
      }
      if (failures < threshold) return
      isOpen = true
      openUntil = clock.monotonic() + pauseMs
      onChange?.(true)
    },
    forget: () => {
      probeSince = undefined
    },
  }
}
