import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Roster } from './roster.ts'

interface Item {
  readonly id: number
  place: number
}

it('a roster holds what a Set would, whatever is added and removed', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(12)), { maxLength: 200 }), (moves) => {
      const roster = new Roster<Item>(
        (item) => item.place,
        (item, place) => {
          item.place = place
        },
      )
      const items = Array.from({ length: 13 }, (_, id): Item => ({ id, place: -1 }))
      const expected = new Set<Item>()
      for (const [isAdding, id] of moves) {
        const item = items[id] as Item
        if (!isAdding) {
          roster.remove(item)
          expected.delete(item)
        } else if (!expected.has(item)) {
          roster.add(item)
          expected.add(item)
        }
        expect(roster.size).toBe(expected.size)
        expect(new Set(roster.all())).toEqual(expected)
      }
      for (const item of items) expect(item.place >= 0).toBe(expected.has(item))
    }),
  )
})
