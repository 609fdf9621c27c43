import { expect, it } from 'vitest'
import { formatResults, readParts } from './results.ts'

it('keeps the parts that were measured before, in their order', () => {
  const first = formatResults(['a', 'b', 'c'], new Map([['c', '## C\n\n| 1 |']]))
  expect(first).toContain('Not measured yet: a, b.')
  const parts = new Map([...readParts(first), ['a', '## A\n\n| 2 |']])
  const second = formatResults(['a', 'b', 'c'], parts)
  expect([...readParts(second)]).toEqual([
    ['a', '## A\n\n| 2 |'],
    ['c', '## C\n\n| 1 |'],
  ])
  expect(second).toContain('Not measured yet: b.')
})

it('writes a part anew without a trace of what it said before', () => {
  const before = formatResults(['a'], new Map([['a', 'old']]))
  const after = formatResults(['a'], new Map([...readParts(before), ['a', 'new']]))
  expect(after).not.toContain('old')
  expect(after).not.toContain('Not measured yet')
})
