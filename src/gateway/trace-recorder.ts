import type { Clock, Emit, RandomBytes } from '../kernel/index.ts'
import { CallTrace } from './call-trace.ts'
import type { GatewayEvent } from './events.ts'
import { createTraceIds } from './trace-id.ts'
import type { TraceKind, TraceRecord } from './trace.ts'

/** What a recorder is made of. */
export interface TraceRecorderOptions {
  readonly clock: Clock
  readonly random: RandomBytes
  readonly emit: Emit<GatewayEvent>
  /** Traces held until somebody takes them (2,000 by default). */
  readonly capacity?: number
  /** Told of every trace that ended, before it may be dropped; for metrics and log lines. */
  readonly onEnd?: (trace: CallTrace) => void
}

/** Makes traces and holds those that ended until they are taken. */
export interface TraceRecorder {
  /** Begins one. It is held once it has ended. */
  begin(kind: TraceKind): CallTrace
  /** How many are held. */
  readonly size: number
  /**
   * Takes the oldest held, at most `limit`; what was dropped since the last call is told as an
   * event.
   */
  takeBatch(limit: number): readonly TraceRecord[]
}

const defaultCapacity = 2_000

/**
 * Makes a recorder. Memory is bounded: past its capacity the traces of plain successes go first,
 * the newest of them before any other, then the oldest of the rest; all are counted.
 */
export function createTraceRecorder(options: TraceRecorderOptions): TraceRecorder {
  const { clock, random, emit, capacity = defaultCapacity, onEnd } = options
  const nextId = createTraceIds(clock, random)
  const monotonic = (): number => clock.monotonic()
  let plain: CallTrace[] = []
  let notable: CallTrace[] = []
  let dropped = 0

  function hold(trace: CallTrace): void {
    onEnd?.(trace)
    const held = plain.length + notable.length
    if (held >= capacity) {
      dropped++
      if (trace.isPlain) return
      if (plain.length > 0) plain.pop()
      else notable.shift()
    }
    if (trace.isPlain) plain.push(trace)
    else notable.push(trace)
  }

  return {
    begin: (kind) => new CallTrace(nextId(), kind, clock.now(), monotonic, hold),
    get size() {
      return plain.length + notable.length
    },
    takeBatch: (limit) => {
      if (dropped > 0) {
        const count = dropped
        dropped = 0
        emit({ type: 'gateway.traces_dropped', at: clock.now(), count })
      }
      const plainTaken = Math.max(0, limit - notable.length)
      const taken = [...notable.slice(0, limit), ...plain.slice(0, plainTaken)]
      notable = notable.slice(limit)
      plain = plain.slice(plainTaken)
      return taken.map((trace) => trace.toRecord()).toSorted((a, b) => (a.id < b.id ? -1 : 1))
    },
  }
}
