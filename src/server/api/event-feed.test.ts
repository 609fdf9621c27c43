import { describe, expect, test } from 'vitest'
import type { AnyEvent } from '../compose.ts'
import { createEventFeed, type EventFeed } from './event-feed.ts'

function fed(count: number): { readonly feed: EventFeed; readonly emit: () => void } {
  let listener: (event: AnyEvent) => void = () => {}
  const feed = createEventFeed(
    {
      on: (told) => {
        listener = told
        return () => {}
      },
    },
    'ins_a',
  )
  const emit = (): void => listener({ type: 'gateway.circuit_opened', at: 0, origin: 'x' })
  for (let number = 0; number < count; number++) emit()
  return { feed, emit }
}

describe('the feed of events', () => {
  test.each([
    ['another process', 'ins_b:1'],
    ['the future', 'ins_a:4'],
    ['nothing', 'x'],
  ])('is not whole since an id of %s', (_, id) => {
    expect(fed(3).feed.since(id)).toEqual({ events: [], isWhole: false })
  })

  test.each([
    [3, 1, 2, 3, true],
    [3, 3, 4, 3, true],
    [1_000, 0, 1, 1_000, true],
    [1_001, 0, 2, 1_001, false],
    [1_001, 1, 2, 1_001, true],
    [3_500, 2_499, 2_501, 3_500, false],
    [3_500, 2_500, 2_501, 3_500, true],
    [3_500, 3_498, 3_499, 3_500, true],
  ])('of %d events, since number %d: %d to %d, whole: %s', (count, seen, from, to, isWhole) => {
    const found = fed(count).feed.since(`ins_a:${seen}`)
    const ids = Array.from({ length: to - from + 1 }, (_, index) => `ins_a:${from + index}`)
    expect(found.events.map(({ id }) => id)).toEqual(ids)
    expect(found.isWhole).toBe(isWhole)
  })
})
