import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newId, systemRandom } from './ids.ts'

describe('newId', () => {
  it('makes UUIDs of version 7 and variant 10 behind the prefix', () => {
    fc.assert(
      fc.property(
        fc.nat(281_474_976_710_655),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        (now, bytes) => {
          expect(newId('run', now, () => Uint8Array.from(bytes))).toMatch(
            /^run_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
          )
        },
      ),
    )
  })

  it('sorts by time, whatever the random part', () => {
    const instant = fc.nat(281_474_976_710_655)
    fc.assert(
      fc.property(instant, instant, (a, b) => {
        fc.pre(a < b)
        expect(newId('run', a) < newId('run', b)).toBe(true)
      }),
    )
  })

  it('carries its time in the first 48 bits', () => {
    expect(newId('run', 0x0199_a1c2_d3e4).slice(4, 17)).toBe('0199a1c2-d3e4')
  })

  it('does not repeat', () => {
    const ids = new Set(Array.from({ length: 10_000 }, () => newId('run', 0)))
    expect(ids.size).toBe(10_000)
  })
})

describe('systemRandom', () => {
  it('fills as many bytes as asked for', () => {
    expect(systemRandom(0)).toHaveLength(0)
    expect(new Set(systemRandom(1_000)).size).toBeGreaterThan(100)
  })
})
