import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ratioOf, summarize } from './statistics.ts'

test('nothing measured is refused, not shown as zero', () => {
  expect(() => summarize([])).toThrow(RangeError)
})

test('sides of unequal rounds have no ratio', () => {
  expect(() => ratioOf([1, 2], [1])).toThrow(RangeError)
})

test('the median of an even number of rounds lies between the two in the middle', () => {
  expect(summarize([4, 1, 3, 2])).toEqual({ median: 2.5, least: 1, most: 4 })
})

test('as many rounds lie below the median as above it', () => {
  const values = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 })
  fc.assert(
    fc.property(values, (measured) => {
      const { median, least, most } = summarize(measured)
      const below = measured.filter((value) => value < median).length
      const above = measured.filter((value) => value > median).length
      expect(Math.max(below, above)).toBeLessThanOrEqual(measured.length / 2)
      expect(least).toBe(Math.min(...measured))
      expect(most).toBe(Math.max(...measured))
    }),
  )
})

test('a round that was slow for both sides leaves the ratio as it is', () => {
  expect(ratioOf([1, 10, 2], [2, 20, 4])).toEqual({ median: 0.5, least: 0.5, most: 0.5 })
})
