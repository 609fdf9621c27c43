import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMetIds } from './met-ids.ts'

test('never denies an id it was given', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.uuid(), fc.string()), { maxLength: 200 }), (ids) => {
      const met = createMetIds()
      for (const id of ids) met.add(id)
      return ids.every((id) => met.add(id))
    }),
    { numRuns: 30 },
  )
})

test('hardly ever claims an id it was not given, also of ids made in sequence', () => {
  const met = createMetIds()
  let claimed = 0
  for (let i = 0; i < 400_000; i++) {
    if (met.add(`00000000-0000-0000-0000-${i.toString(16).padStart(12, '0')}`)) claimed++
  }
  expect(claimed).toBeLessThan(40)
})
