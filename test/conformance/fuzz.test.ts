import { describe, expect, it } from 'vitest'
import { parseCompactJwt } from '../../src/identity/compact-jwt.ts'
import { encode } from './forge.ts'
import {
  costlyTexts,
  assertByteReading,
  assertJsonReading,
  assertKeyReading,
  assertSignatures,
  assertTokenReading,
} from './fuzz-properties.ts'

// `npm run soak` tries the same for minutes instead of moments.
describe('whatever comes', () => {
  it('is read as it was written, or refused: names that come twice always are', () => {
    assertJsonReading({ numRuns: 2_000 })
  })

  it('is read as bytes without a fault', () => {
    assertByteReading({ numRuns: 2_000 })
  })

  it('is read as a token without a fault', () => {
    assertTokenReading({ numRuns: 3_000 })
  })

  it('with any one byte changed is never accepted', async () => {
    await assertSignatures({ numRuns: 600 })
  })

  it('is read as keys without a fault, and no weak one is taken', () => {
    assertKeyReading({ numRuns: 500 })
  })

  it.each(costlyTexts())('is read in a moment: %s', (_, text) => {
    const tokens = [
      `${encode({ alg: 'RS256' })}.${encode(text)}.c2ln`,
      `${encode(text)}.${encode({})}.c2ln`,
    ]
    for (const token of tokens) {
      const times = Array.from({ length: 5 }, () => {
        const begin = performance.now()
        parseCompactJwt(token)
        return performance.now() - begin
      })
      // A hundred microseconds at most; what grows with the square of the length takes tens of
      // milliseconds, which anybody could make us spend without a signature.
      expect(Math.min(...times)).toBeLessThan(8)
    }
  })
})
