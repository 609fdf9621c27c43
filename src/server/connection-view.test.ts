import { expect, it } from 'vitest'
import { isLapsing } from './connection-view.ts'

type Status = Parameters<typeof isLapsing>[0]

it.each([
  ['a renewal that failed while the grant holds', 'failing', 'active', false],
  ['a grant that has lapsed with its last token', 'lapsed', 'lapsed', false],
  ['a connection without a grant that people gave', 'failing', undefined, false],
  ['a grant that has lapsed before its last token', 'failing', 'lapsed', true],
] as const)('of %s the end is told apart', (_, state, grant, expected) => {
  const status = { state, ...(grant === undefined ? {} : { grant: { state: grant } }) } as Status
  expect(isLapsing(status)).toBe(expected)
})
