import { expect, test } from 'vitest'
import { createManualClock, systemClock } from '../kernel/index.ts'
import { watchHost } from './host-lag.ts'

test('a host that comes to its work in time is not late', async () => {
  const clock = createManualClock()
  const host = watchHost(clock)
  await clock.advance(5_000)
  expect(host.lateMs()).toBeLessThan(1)
})

test('a thread that is kept busy is late, before it comes to its timers as well as after', async () => {
  const host = watchHost(systemClock)
  const until = performance.now() + 600
  while (performance.now() < until) Math.sqrt(until)
  const before = host.lateMs()
  expect(before).toBeGreaterThan(40)
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect(host.lateMs()).toBeGreaterThan(30)
  host.stop()
})

test('what was late once is forgotten', async () => {
  let now = 0
  let due: () => void = () => {}
  const host = watchHost({
    monotonic: () => now,
    schedule: (_, task) => {
      due = task
      return () => {}
    },
  })
  const pass = (ms: number): void => {
    now += ms
    due()
  }
  pass(2_000)
  const then = host.lateMs()
  for (let times = 0; times < 120; times++) pass(50)
  expect(then).toBeGreaterThan(500)
  expect(host.lateMs()).toBeLessThan(then / 10)
})
