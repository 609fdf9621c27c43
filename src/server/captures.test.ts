import { expect, it } from 'vitest'
import type { BodyCapture, GatewayEvent } from '../gateway/index.ts'
import { createManualClock } from '../kernel/index.ts'
import { followCaptures } from './captures.ts'

type StoreOfCaptures = Parameters<typeof followCaptures>[0]

it('captures are followed, end by their instant, and outlive a store that is away', async () => {
  const clock = createManualClock()
  const events: GatewayEvent[] = []
  let listed: readonly BodyCapture[] | undefined = []
  let change = (): void => {}
  const store: StoreOfCaptures = {
    traces: {
      listCaptures: async () => {
        if (listed === undefined) throw new Error('the store is away')
        return listed
      },
    } as unknown as StoreOfCaptures['traces'],
    watchGenerations: (listener) => {
      change = () => listener({ topics: ['captures'] } as unknown as Parameters<typeof listener>[0])
      return () => {}
    },
  }
  const captures = followCaptures(store, clock, (event) => events.push(event))
  const told = (): string[] => events.splice(0).map(({ type }) => type)
  await captures.refresh()
  expect(captures.isOn('a')).toBe(false)

  const now = clock.now()
  listed = [
    { connection: 'a', until: now + 60_000 },
    // Written by whoever knows no bound.
    { connection: 'b', until: now + 86_400_000 },
  ]
  change()
  await captures.refresh()
  expect([captures.isOn('a'), captures.isOn('b'), captures.isOn('c')]).toEqual([true, true, false])
  expect(told()).toEqual(['gateway.capture_began', 'gateway.capture_began'])

  // Nothing is known of a change that cannot be read; the instant counts all the same.
  listed = undefined
  change()
  await captures.refresh()
  expect(captures.isOn('a')).toBe(true)
  await clock.advance(60_001)
  expect([captures.isOn('a'), captures.isOn('b')]).toEqual([false, true])
  expect(told()).toEqual(['gateway.capture_ended'])
  await clock.advance(3_600_000)
  expect(captures.isOn('b')).toBe(false)
  expect(told()).toEqual(['gateway.capture_ended'])

  // Read again by itself once the store is back.
  listed = [
    { connection: 'b', until: now + 86_400_000 },
    { connection: 'c', until: clock.now() + 60_000 },
  ]
  await clock.advance(1_001)
  await expect.poll(() => captures.isOn('c')).toBe(true)
  // What had its hour has no other without being asked for again.
  expect(captures.isOn('b')).toBe(false)
  listed = []
  change()
  await expect.poll(() => captures.isOn('c')).toBe(false)
  expect(told()).toEqual(['gateway.capture_began', 'gateway.capture_ended'])
  captures.close()
})

it('captures end in time on a clock that is set back', async () => {
  const manual = createManualClock()
  let setBack = 0
  const clock = { ...manual, now: () => manual.now() - setBack }
  const until = clock.now() + 60_000
  const store = {
    traces: { listCaptures: async () => [{ connection: 'a', until }] },
    watchGenerations: () => () => {},
  } as unknown as StoreOfCaptures
  const captures = followCaptures(store, clock, () => {})
  await captures.refresh()
  expect(captures.isOn('a')).toBe(true)
  setBack = 7_200_000
  await manual.advance(60_001)
  expect(captures.isOn('a')).toBe(false)
  await captures.refresh()
  expect(captures.isOn('a')).toBe(false)
  captures.close()
})
