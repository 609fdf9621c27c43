import { describe, expect, it } from 'vitest'
import { createManualClock } from '../kernel/index.ts'
import type { LogBody, LogEntry } from './execution-log.ts'
import type { RunTotals } from './ports.ts'
import { createProgressTeller, type ImportProgressEvent } from './progress-events.ts'

const clock = createManualClock()
const line = (body: LogBody): LogEntry => ({ at: 0, level: 'info', body })
const counted = (collection: string): LogEntry =>
  line({ type: 'counted', collection, moment: 'before', count: 5 })

/** Totals that are all the same number. */
function all(value: number): RunTotals {
  const names = ['rows', 'pages', 'requests', 'refreshes', 'retries', 'bytes', 'activeMs']
  const more = ['waitedMs', 'units', 'throttled', 'pausedMs', 'deleted']
  return Object.fromEntries([...names, ...more].map((name) => [name, value])) as never
}

describe('the progress of a run', () => {
  it('is told once a second, however often it is written', async () => {
    const told: ImportProgressEvent[] = []
    const tell = createProgressTeller({ id: 'run_1', name: 'nightly' }, clock, (event) => {
      told.push(event)
    })
    for (let write = 1; write <= 25; write++) {
      tell([], all(write))
      await clock.advance(100)
    }
    expect(told.map(({ rows }) => rows)).toEqual([1, 11, 21])
    expect(told[0]).toMatchObject({ type: 'import.progress', runId: 'run_1', name: 'nightly' })
  })

  it('is told at once when a collection was judged and at the end, under its name', () => {
    const told: ImportProgressEvent[] = []
    const tell = createProgressTeller({ id: 'run_1', name: 'nightly' }, clock, (event) => {
      told.push(event)
    })
    tell([counted('users')], all(1))
    const judged = { type: 'collection_judged', collection: 'users', detail: '' } as const
    tell([line({ ...judged, verdict: 'complete' })], all(2))
    tell([counted('groups')], all(3))
    tell([line({ type: 'run_cancelled', detail: '' })], all(4))
    expect(told.map(({ collection, rows }) => [collection, rows])).toEqual([
      ['users', 1],
      ['users', 2],
      ['groups', 4],
    ])
  })
})
