import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from './durations.ts'

describe('parseDuration', () => {
  it.each([
    '',
    ' ',
    '5',
    'm',
    '5 m',
    '-5m',
    '+5m',
    '5m 30s',
    '5min',
    '5M',
    '1e3s',
    '.5s',
    '5.s',
    '٥m',
  ])('refuses %j and repeats it', (text) => {
    const parsed = parseDuration(text)
    expect(parsed.ok).toBe(false)
    expect(parsed.ok ? '' : parsed.error).toContain(`but saw ${JSON.stringify(text)}`)
  })

  it('refuses a duration that no integer of milliseconds can hold', () => {
    for (const text of ['9'.repeat(400) + 'd', '104249991375d']) {
      expect(parseDuration(text).ok).toBe(false)
    }
  })

  it.each([
    ['250ms', 250],
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['1.5s', 1_500],
    ['0s', 0],
    [' 5m ', 300_000],
  ])('reads %j as %d ms', (text, expected) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: expected })
  })

  it('gives back every whole number of milliseconds in any unit', () => {
    const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
        (amount, unit) => {
          expect(parseDuration(`${amount}${unit}`)).toEqual({
            ok: true,
            value: amount * units[unit],
          })
        },
      ),
    )
  })

  it('answers any text without throwing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseDuration(text)
        expect(!parsed.ok || Number.isSafeInteger(parsed.value)).toBe(true)
      }),
    )
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [820, '820 ms'],
    [999.6, '1.0 s'],
    [4_200, '4.2 s'],
    [59_949, '59.9 s'],
    [59_960, '1 m 0 s'],
    [3_598_000, '59 m 58 s'],
    [3_599_900, '1 h 0 m'],
    [7_500_000, '2 h 5 m'],
    [86_399_000, '1 d 0 h'],
    [273_600_000, '3 d 4 h'],
    [-4_200, '-4.2 s'],
  ])('writes %d ms as %j', (milliseconds, expected) => {
    expect(formatDuration(milliseconds)).toBe(expected)
  })
})
