import { describe, expect, it } from 'vitest'
import { createManualClock, systemClock, systemRandom } from '../kernel/index.ts'
import type { GatewayEvent } from './events.ts'
import { createTraceRecorder } from './trace-recorder.ts'

function make(capacity: number): {
  readonly recorder: ReturnType<typeof createTraceRecorder>
  readonly events: GatewayEvent[]
} {
  const events: GatewayEvent[] = []
  const recorder = createTraceRecorder({
    clock: createManualClock(),
    random: systemRandom,
    emit: (event) => events.push(event),
    capacity,
  })
  return { recorder, events }
}

describe('a recorder of traces', () => {
  it('drops plain successes first, and tells how many', () => {
    const { recorder, events } = make(4)
    for (let n = 0; n < 4; n++) recorder.begin('call').end('served', 200)
    for (let n = 0; n < 3; n++) recorder.begin('call').end('failed', 502)
    recorder.begin('call').end('served', 200)
    const outcomes = recorder.takeBatch(10).map(({ outcome }) => outcome)
    expect(outcomes.toSorted()).toEqual(['failed', 'failed', 'failed', 'served'])
    expect(events).toMatchObject([{ type: 'gateway.traces_dropped', count: 4 }])
    expect(recorder.takeBatch(10)).toEqual([])
    expect(events).toHaveLength(1)
  })

  it('drops the oldest failure when there is nothing else', () => {
    const { recorder } = make(2)
    const ended = [500, 501, 502].map((status) => {
      const trace = recorder.begin('call')
      trace.end('failed', status)
      return trace.id
    })
    const kept = recorder.takeBatch(10)
    expect(kept.map(({ id }) => id).toSorted()).toEqual(ended.slice(1).toSorted())
  })

  it('gives what is held in batches, each trace once', () => {
    const { recorder } = make(100)
    const ids = new Set(
      Array.from({ length: 50 }, (_, n) => {
        const trace = recorder.begin('call')
        trace.end(n % 3 === 0 ? 'failed' : 'served', 200)
        return trace.id
      }),
    )
    const seen: string[] = []
    for (;;) {
      const batch = recorder.takeBatch(7)
      if (batch.length === 0) break
      seen.push(...batch.map(({ id }) => id))
    }
    expect(seen).toHaveLength(50)
    expect(new Set(seen)).toEqual(ids)
    expect(recorder.size).toBe(0)
  })

  it('ends a trace once, with bounded steps', () => {
    const { recorder } = make(10)
    const trace = recorder.begin('call')
    for (let n = 0; n < 1_000; n++) trace.step('sent', { attempt: n })
    trace.end('served', 200)
    trace.end('failed', 500)
    trace.step('late')
    expect(recorder.takeBatch(10)).toMatchObject([{ outcome: 'served', status: 200 }])
    expect(trace.toRecord().steps).toHaveLength(64)
  })

  it('makes ids that are UUIDs of version 7, sorted by time, never the same', () => {
    const recorder = createTraceRecorder({
      clock: systemClock,
      random: systemRandom,
      emit: () => {},
    })
    const ids = Array.from({ length: 5_000 }, () => recorder.begin('call').id)
    for (const id of ids.slice(0, 300)) {
      expect(id).toMatch(
        /^trc_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      )
    }
    expect(new Set(ids).size).toBe(ids.length)
    const times = ids.map((id) => id.slice(4, 17))
    expect(times).toEqual(times.toSorted())
  })
})
