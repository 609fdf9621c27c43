import type { CaptureSwitch, GatewayEvent } from '../gateway/index.ts'
import type { Clock, Emit } from '../kernel/index.ts'
import type { Store } from '../store/index.ts'

/** Longest that bodies are kept without being asked again (ms). */
export const longestCaptureMs = 3_600_000

/** After a read that failed (ms). */
const retryMs = 1_000

/** Of which connections bodies are kept, as a service knows it. */
export interface Captures extends CaptureSwitch {
  /** Reads them again. Never rejects. */
  refresh(): Promise<void>
  close(): void
}

/** Until when bodies are kept, and until when that was asked for. */
interface Kept {
  readonly asked: number
  readonly until: number
  /** The same on a clock that nobody sets back. */
  readonly untilTick: number
}

/**
 * Follows of which connections bodies are to be kept: what any process switched on holds here
 * within a second, and ends by its instant even when the store is away.
 */
export function followCaptures(
  store: Pick<Store, 'traces' | 'watchGenerations'>,
  clock: Clock,
  emit: Emit<GatewayEvent>,
): Captures {
  let kept = new Map<string, Kept>()
  /** What ended here although the store still lists it, by what was asked. */
  const over = new Map<string, number>()
  let reading = Promise.resolve()
  let isClosed = false
  let cancelNext = (): void => {}
  let cancelRetry = (): void => {}

  function end(connection: string): void {
    emit({ type: 'gateway.capture_ended', at: clock.now(), connection })
  }

  function leftOf({ until, untilTick }: Kept): number {
    return Math.min(until - clock.now(), untilTick - clock.monotonic())
  }

  /** What has reached its instant is told once and forgotten. */
  function dropEnded(): void {
    cancelNext()
    let next = Infinity
    for (const [connection, one] of kept) {
      const left = leftOf(one)
      if (left > 0) next = Math.min(next, left)
      else {
        kept.delete(connection)
        over.set(connection, one.asked)
        end(connection)
      }
    }
    if (next !== Infinity) cancelNext = clock.schedule(next + 1, dropEnded)
  }

  async function read(): Promise<void> {
    const now = clock.now()
    const listed = await store.traces.listCaptures(now)
    if (isClosed) return
    const next = new Map<string, Kept>()
    for (const { connection, until: asked } of listed) {
      if (over.get(connection) === asked) continue
      const known = kept.get(connection)
      if (known?.asked === asked) {
        next.set(connection, known)
        continue
      }
      // Whoever wrote it: none lasts longer than it may.
      const until = Math.min(asked, now + longestCaptureMs)
      const untilTick = clock.monotonic() + until - now
      next.set(connection, { asked, until, untilTick })
      emit({ type: 'gateway.capture_began', at: now, connection, until })
    }
    const names = new Set(listed.map(({ connection }) => connection))
    for (const connection of over.keys()) if (!names.has(connection)) over.delete(connection)
    for (const connection of kept.keys()) if (!next.has(connection)) end(connection)
    kept = next
    dropEnded()
  }

  const refresh = (): Promise<void> => {
    // One after the other, so that the last read counts.
    cancelRetry()
    reading = reading.then(read).catch(() => {
      if (!isClosed) cancelRetry = clock.schedule(retryMs, () => void refresh())
    })
    return reading
  }
  const unwatch = store.watchGenerations(({ topics }) => {
    if (topics.includes('captures')) void refresh()
  })
  return {
    isOn: (connection) => {
      if (kept.size === 0) return false
      const one = kept.get(connection)
      return one !== undefined && leftOf(one) > 0
    },
    refresh,
    close: () => {
      isClosed = true
      cancelNext()
      cancelRetry()
      unwatch()
    },
  }
}
