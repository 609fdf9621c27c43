import { beforeEach, describe, expect, test } from 'vitest'
import { createManualClock, EvergrantError, type ManualClock } from '../kernel/index.ts'
import { createJournal, type Journal } from './journal.ts'
import type { RunChange, RunStore } from './ports.ts'
import { createWaitingState, type Waiter, type WaitingState } from './waiting-state.ts'
import { noTotals } from '../../test/support/no-totals.ts'

let clock: ManualClock
let journal: Journal
let waiting: WaitingState
/** The states the run was put in, with their reasons. */
let states: string[]

beforeEach(() => {
  clock = createManualClock()
  states = []
  const updateRun = (_id: string, _instance: string, change: RunChange): Promise<void> => {
    if (change.state !== undefined) states.push(`${change.state}: ${change.reason ?? ''}`)
    return Promise.resolve()
  }
  const store = { updateRun } as unknown as RunStore
  journal = createJournal(
    store,
    { id: 'run_1', name: 'directory', totals: noTotals },
    'ins_1',
    clock,
  )
  waiting = createWaitingState(store, 'run_1', 'ins_1', journal, clock)
})

/** Waits 10 seconds for what is told. */
async function wait(waiter: Waiter, detail: string): Promise<void> {
  const error = new EvergrantError('graph_unavailable', detail)
  const waited = waiting.during(waiter, error, 1, 10_000, () => clock.sleep(10_000))
  await clock.advance(10_000)
  await waited
}

const [first, second] = [{}, {}]

describe('the run is shown as waiting', () => {
  test('while one of its requests still waits, though another is answered', async () => {
    await wait(first, 'Graph is away')
    await wait(second, 'Graph is away')
    await waiting.end(first)
    await waiting.end({})
    expect(states).toEqual(['waiting: Graph is away'])
    await waiting.end(second)
    expect(states).toEqual(['waiting: Graph is away', 'running: '])
  })

  test('for the reason of one that waits now', async () => {
    await wait(first, 'throttled')
    await wait(second, 'no token')
    await waiting.end(second)
    expect(states).toEqual(['waiting: throttled', 'waiting: no token', 'waiting: throttled'])
  })

  test('until the next success when the one that waited has given up', async () => {
    await wait(first, 'gone for good')
    waiting.forget(first)
    await waiting.end(second)
    expect(states).toEqual(['waiting: gone for good', 'running: '])
  })
})

test('a short first wait is not shown', async () => {
  const error = new EvergrantError('graph_unavailable', 'a hiccup')
  await waiting.during(first, error, 1, 500, () => Promise.resolve())
  await waiting.end(first)
  expect(states).toEqual([])
})

test('time that several wait together counts once', async () => {
  const error = new EvergrantError('graph_unavailable', 'away')
  const waits = [first, second].map((waiter) =>
    waiting.during(waiter, error, 1, 10_000, () => clock.sleep(10_000)),
  )
  await clock.advance(10_000)
  await Promise.all(waits)
  expect(journal.totals().waitedMs).toBe(10_000)
})
