import type { Clock } from '../kernel/index.ts'

/** How many failures are borne. */
export interface FailureLimits {
  /** From one address, within the window. */
  readonly perAddress: number
  /** From all together. */
  readonly overall: number
  readonly windowMs: number
}

/** Counts failures by where they come from, so that one stranger does not lock out everybody. */
export interface FailureWindows {
  /** How long an address has to wait (ms); undefined when it need not. */
  waitOf(address: string): number | undefined
  note(address: string): void
}

interface Window {
  readonly startedAt: number
  failures: number
}

/** Addresses that are counted apart; beyond them the oldest is forgotten. */
const mostAddresses = 4_096

/** Makes the windows of one kind of request. */
export function createFailureWindows(
  clock: Pick<Clock, 'monotonic'>,
  { perAddress, overall, windowMs }: FailureLimits,
): FailureWindows {
  const byAddress = new Map<string, Window>()
  let all: Window = { startedAt: Number.NEGATIVE_INFINITY, failures: 0 }

  const leftOf = (window: Window | undefined, most: number): number => {
    if (window === undefined || window.failures < most) return 0
    return Math.max(0, window.startedAt + windowMs - clock.monotonic())
  }
  const counted = (window: Window | undefined): Window => {
    const now = clock.monotonic()
    const current =
      window === undefined || now >= window.startedAt + windowMs
        ? { startedAt: now, failures: 0 }
        : window
    current.failures++
    return current
  }

  return {
    waitOf: (address) => {
      const leftMs = Math.max(leftOf(byAddress.get(address), perAddress), leftOf(all, overall))
      return leftMs > 0 ? leftMs : undefined
    },
    note: (address) => {
      all = counted(all)
      const window = counted(byAddress.get(address))
      byAddress.delete(address)
      byAddress.set(address, window)
      const [oldest] = byAddress.keys()
      if (byAddress.size > mostAddresses && oldest !== undefined) byAddress.delete(oldest)
    },
  }
}
