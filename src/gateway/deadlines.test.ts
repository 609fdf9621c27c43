import { expect, it } from 'vitest'
import { createManualClock } from '../kernel/index.ts'
import { createDeadlines } from './deadlines.ts'

it('ends what stays as it is for too long, the others too when one goes astray', async () => {
  const clock = createManualClock()
  const deadlines = createDeadlines(clock, 500)
  const ended: string[] = []
  const watch = (name: string, deadlineAt: number, expire = (): void => {}): void => {
    const one = {
      deadlineAt,
      watchPlace: -1,
      expire: (): void => {
        ended.push(name)
        expire()
      },
    }
    deadlines.add(one)
  }
  watch('astray', 1_000, () => {
    throw new Error('astray')
  })
  watch('early', 1_000)
  watch('late', 3_000)
  await clock.advance(1_000)
  expect([ended, deadlines.size]).toEqual([['astray', 'early'], 1])
  await clock.advance(2_000)
  expect([ended.at(-1), deadlines.size, clock.pending()]).toEqual(['late', 0, 0])
})

it('watches on what sets itself another deadline and comes back', async () => {
  const clock = createManualClock()
  const deadlines = createDeadlines(clock, 500)
  let count = 0
  const one = {
    deadlineAt: 500,
    watchPlace: -1,
    expire: (): void => {
      count++
      one.deadlineAt = clock.monotonic() + 1_000
      if (count < 3) deadlines.add(one)
    },
  }
  deadlines.add(one)
  deadlines.add(one)
  await clock.advance(1_000)
  expect(count).toBe(1)
  await clock.advance(5_000)
  expect([count, clock.pending()]).toEqual([3, 0])
})
