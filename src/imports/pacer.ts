import type { Clock } from '../kernel/index.ts'
import type { RequestCost } from './request-cost.ts'
import { createSlotCount } from './slot-count.ts'
import { createUnitCeiling } from './unit-ceiling.ts'

/** Most requests of a run that are in flight at a time. */
const mostSlots = 48
/** From this share of its limit on Graph says that it is about to throttle. */
const strainedShare = 0.8
/** It is not told more often that this host is slow (ms). */
const blameEveryMs = 60_000

/** Leave to send one request; given back when its answer is understood. */
export interface Permit {
  /**
   * Takes in what an answer tells of Graph's state, whatever its status.
   *
   * @returns Resource units: as Graph told them, else as foretold.
   */
  answered(headers: Readonly<Record<string, string>>, status: number, ms: number): number
  /**
   * Graph throttled this request: nobody's leaves for the next `waitMs`.
   *
   * @returns By how much that made the pause of all longer, in milliseconds.
   */
  throttled(waitMs: number): number
  /** Gives the slot back; the second time does nothing. */
  release(): void
}

/** The pace that is kept since it was lowered, and why it was. */
export interface LoweredPace {
  /** `throttled`: a 429. `strained`: Graph says that it is about to. `slow`: its answers are. */
  readonly cause: 'throttled' | 'strained' | 'slow'
  /** Requests in flight at most. */
  readonly slots: number
  /** Units a second that Graph was found to bear; undefined while it has not complained. */
  readonly unitsPerSecond?: number
}

/**
 * Holds back every cursor of a run while Graph asks for quiet, and keeps to what it was found to
 * bear. No slow start: who is never throttled never waits.
 */
export interface Pacer {
  /** Resolves when the request may leave: first come, first served. */
  acquire(cost: RequestCost, signal?: AbortSignal): Promise<Permit>
  /** Pauses in a row without one success between them. */
  pausesInARow(): number
}

/** This host, as far as it makes answers seem slow. */
export interface HostPace {
  /** How late it takes answers in (ms). */
  readonly lateMs: () => number
  /** Hears, once a minute at most, that the host is why answers seem slow. */
  readonly onSlow: (lateMs: number) => void
}

interface Waiter {
  readonly cost: RequestCost
  readonly grant: (permit: Permit) => void
}

/**
 * Makes a pacer; one is shared by all cursors that spend the same application's budget.
 *
 * @param onLowered Hears whenever the pace is lowered.
 * @param host What is known of this host, which may be why answers seem slow.
 */
export function createPacer(
  clock: Clock,
  onLowered: (pace: LoweredPace) => void,
  host: HostPace = { lateMs: () => 0, onSlow: () => {} },
): Pacer {
  const ceiling = createUnitCeiling(clock.monotonic())
  const slots = createSlotCount(mostSlots)
  const queue: Waiter[] = []
  let inFlight = 0
  /** Most that were in flight since the slots last changed. */
  let busiest = 0
  let openAt = Number.NEGATIVE_INFINITY
  /** How often the pace was lowered: what was sent before says nothing about the one since. */
  let changes = 0
  let pausesInARow = 0
  let blamedAt = Number.NEGATIVE_INFINITY
  let sleeping: AbortController | undefined

  /** Lets go whoever may go, in order, and sees that it is looked again when the next may. */
  const pump = (): void => {
    for (;;) {
      const next = queue[0]
      if (next === undefined) {
        sleeping?.abort()
        return
      }
      const now = clock.monotonic()
      const waitMs = Math.max(openAt - now, ceiling.waitMs(next.cost.units, now))
      if (waitMs > 0) {
        void pumpAfter(waitMs)
        return
      }
      if (inFlight >= slots.now()) return
      queue.shift()
      next.grant(permitFor(next.cost))
    }
  }

  const pumpAfter = async (waitMs: number): Promise<void> => {
    if (sleeping !== undefined) return
    const sleep = new AbortController()
    sleeping = sleep
    try {
      await clock.sleep(waitMs, { signal: sleep.signal })
    } catch {
      // Nobody waits any more.
    }
    sleeping = undefined
    pump()
  }

  const permitFor = (cost: RequestCost): Permit => {
    const sentUnder = changes
    let isHeld = true
    inFlight++
    busiest = Math.max(busiest, inFlight)
    ceiling.spend(cost.units)
    const isCurrent = (): boolean => sentUnder === changes
    return {
      answered: (headers, status, ms) => {
        const told = Number(headers['x-ms-resource-unit'] ?? Number.NaN)
        const more = Number.isFinite(told) && told >= 0 ? told - cost.units : 0
        ceiling.correct(more)
        const share = Number(headers['x-ms-throttle-limit-percentage'] ?? 0)
        if (share >= strainedShare && isCurrent() && slots.strained(busiest)) {
          changePace('strained')
        }
        const units = cost.units + more
        if (status < 200 || status > 299) return units
        ceiling.sustained(units)
        if (!isCurrent()) return units
        pausesInARow = 0
        const slowness = slots.answered(cost.kind, ms, busiest, host.lateMs)
        if (slowness === 'graph') changePace('slow')
        if (slowness === 'host') blameHost()
        return units
      },
      throttled: (waitMs) => {
        const now = clock.monotonic()
        const before = Math.max(openAt, now)
        openAt = Math.max(openAt, now + waitMs)
        // Of several that were in flight together the first counts, and the longest wait.
        if (isCurrent()) {
          pausesInARow++
          ceiling.throttled(now, openAt)
          slots.strained(busiest)
          changePace('throttled')
        }
        return openAt - before
      },
      release: () => {
        if (!isHeld) return
        isHeld = false
        inFlight--
        pump()
      },
    }
  }

  const blameHost = (): void => {
    const now = clock.monotonic()
    if (now - blamedAt < blameEveryMs) return
    blamedAt = now
    host.onSlow(Math.round(host.lateMs()))
  }

  const changePace = (cause: LoweredPace['cause']): void => {
    busiest = 0
    changes++
    const unitsPerSecond = ceiling.perSecond()
    onLowered({
      cause,
      slots: slots.now(),
      ...(unitsPerSecond === Infinity ? {} : { unitsPerSecond: Math.ceil(unitsPerSecond) }),
    })
  }

  return {
    acquire: (cost, signal) =>
      new Promise((resolve, reject) => {
        const onAbort = (): void => {
          queue.splice(queue.indexOf(waiter), 1)
          pump()
          reject(signal?.reason as Error)
        }
        const waiter: Waiter = {
          cost,
          grant: (permit) => {
            signal?.removeEventListener('abort', onAbort)
            resolve(permit)
          },
        }
        if (signal?.aborted === true) {
          reject(signal.reason as Error)
          return
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        queue.push(waiter)
        if (queue.length === 1) pump()
      }),
    pausesInARow: () => pausesInARow,
  }
}
