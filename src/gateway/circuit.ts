import { EvergrantError, type Clock } from '../kernel/index.ts'

/** What becomes of one call that was let through; only the first thing told of a probe counts. */
export interface CircuitPass {
  /** An answer came, whatever its status. */
  succeed(): void
  /** No connection, or no answer. */
  fail(): void
  /** It ended. Without anything told before, it tells nothing about the API. */
  leave(): void
}

/** Leaves an API alone for a while after it could not be reached several times in a row. */
export interface Circuit {
  /** Lets a call through, or says why none may be sent now. */
  enter(): CircuitPass | EvergrantError
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
 * whose fate decides. A probe that left without a word, or says nothing for longer than the longest
 * pause, is followed by another one.
 */
export function createCircuit(options: CircuitOptions): Circuit {
  const { clock, origin, threshold = 5, firstPauseMs = 1_000, onChange } = options
  let failures = 0
  let pauseMs = firstPauseMs
  let openUntil = 0
  let isOpen = false
  let probe: CircuitPass | undefined
  let probeSince = 0

  const refusal = (waitMs: number): EvergrantError =>
    new EvergrantError('circuit_open', `${origin} failed ${failures} times in a row`, {
      retryAfterMs: Math.max(1_000, waitMs),
    })

  const succeed = (): void => {
    failures = 0
    if (!isOpen) return
    isOpen = false
    probe = undefined
    pauseMs = firstPauseMs
    onChange?.(false)
  }

  /** Shared by all calls but probes. What was under way when it opened tells nothing new. */
  const plain: CircuitPass = {
    succeed,
    fail: () => {
      failures++
      if (isOpen || failures < threshold) return
      isOpen = true
      openUntil = clock.monotonic() + pauseMs
      onChange?.(true)
    },
    leave: () => {},
  }

  const beginProbe = (now: number): CircuitPass => {
    const pass: CircuitPass = {
      succeed,
      fail: () => {
        if (probe !== pass) return
        probe = undefined
        failures++
        pauseMs = Math.min(pauseMs * 2, longestPauseMs)
        openUntil = clock.monotonic() + pauseMs
      },
      leave: () => {
        if (probe === pass) probe = undefined
      },
    }
    probe = pass
    probeSince = now
    return pass
  }

  return {
    enter: () => {
      if (!isOpen) return plain
      const now = clock.monotonic()
      if (now < openUntil) return refusal(openUntil - now)
      if (probe !== undefined && now - probeSince < longestPauseMs) return refusal(pauseMs)
      return beginProbe(now)
    },
  }
}
