import { describe, expect, test } from 'vitest'
import { createSkippingClock } from '../../test/support/skipping-clock.ts'
import { createManualClock, EvergrantError, type Clock } from '../kernel/index.ts'
import { createJournal, type Journal } from './journal.ts'
import type { RunStore } from './ports.ts'
import { noTotals } from '../../test/support/no-totals.ts'

function journal(clock: Clock = createManualClock()): Journal {
  const store = { updateRun: async () => {} } as unknown as RunStore
  return createJournal(store, { id: 'run_1', name: 'directory', totals: noTotals }, 'ins_1', clock)
}

const line = (detail: string): { readonly type: 'run_cancelled'; readonly detail: string } => ({
  type: 'run_cancelled',
  detail,
})

test('counters never run backwards, though a report comes while a page is being committed', async () => {
  const one = journal()
  const written: number[] = []
  const committing = Promise.withResolvers<void>()
  const page = one.write(
    async (_log, totals) => {
      await committing.promise
      written.push(totals.pages)
    },
    { lines: [], count: { pages: 1 } },
  )
  const report = one.write(async (_log, totals) => void written.push(totals.pages))
  committing.resolve()
  await Promise.all([page, report])
  expect(written).toEqual([1, 1])
})

test('a write that failed leaves its lines to the next one, and keeps nobody from writing', async () => {
  const one = journal()
  one.note(line('a'))
  const failed = one.write(() => Promise.reject(new Error('full')), {
    lines: [line('never')],
    count: { pages: 1 },
  })
  await expect(failed).rejects.toThrow('full')
  one.note(line('b'))
  const details: string[] = []
  await one.write(async (log, totals) => {
    for (const { body } of log) if (body.type === 'run_cancelled') details.push(body.detail)
    expect(totals.pages).toBe(0)
  })
  expect(details).toEqual(['a', 'b'])
})

describe('a store that another process has locked', () => {
  const busy = (): Promise<never> => Promise.reject(new EvergrantError('store_busy', 'locked'))

  test('is waited for, and then written once', async () => {
    const clock = createSkippingClock()
    const one = journal(clock)
    let tries = 0
    await one.write(async () => {
      if (++tries < 100) await busy()
    })
    expect(tries).toBe(100)
    expect(clock.slept()).toBe(99_000)
  })

  test('is given up after five minutes, also by the writes behind', async () => {
    const clock = createSkippingClock()
    const one = journal(clock)
    await expect(one.write(busy)).rejects.toMatchObject({ code: 'store_busy' })
    expect(clock.slept()).toBe(300_000)
    await expect(one.write(busy)).rejects.toMatchObject({ code: 'store_busy' })
    expect(clock.slept()).toBe(300_000)
  })
})
