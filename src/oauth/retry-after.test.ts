import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRetryAfter } from './retry-after.ts'

const now = 1_700_000_000_000
const read = (headers: Record<string, string>): number | undefined =>
  readRetryAfter(new Headers(headers), now)
const at = (offset: number): string => new Date(now + offset).toUTCString()

describe('Retry-After', () => {
  it.each([{}, { 'retry-after': '' }, { 'retry-after': 'soon' }])('%o says nothing', (headers) => {
    expect(read(headers as Record<string, string>)).toBeUndefined()
  })

  it('is read as seconds, between a second and an hour', () => {
    expect(read({ 'retry-after': '30' })).toBe(30_000)
    expect(read({ 'retry-after': '0' })).toBe(1_000)
    expect(read({ 'retry-after': '999999' })).toBe(3_600_000)
  })

  it('is read as a date against the clock of who wrote it', () => {
    expect(read({ 'retry-after': at(90_000) })).toBe(90_000)
    expect(read({ 'retry-after': at(-86_400_000 + 45_000), date: at(-86_400_000) })).toBe(45_000)
    expect(read({ 'retry-after': at(-5_000) })).toBe(1_000)
  })

  it('never leaves its bounds', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.nat().map(String),
          fc.date({ noInvalidDate: true }).map((d) => d.toUTCString()),
        ),
        (text) => {
          const wait = read({ 'retry-after': text })
          expect(wait === undefined || (wait >= 1_000 && wait <= 3_600_000)).toBe(true)
        },
      ),
    )
  })
})
