import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readPageToken, writePageToken } from './page-token.ts'

const word = fc.nat(0xffff_ffff)
const anyToken = fc.record({
  position: word,
  issuedAt: fc.nat(2_000_000_000_000),
  epoch: word,
  queryHash: word,
})

test('a page token that was altered anywhere is refused', () => {
  fc.assert(
    fc.property(anyToken, fc.nat(27), fc.integer({ min: 1, max: 255 }), (token, at, flip) => {
      const bytes = Buffer.from(writePageToken(token), 'base64url')
      bytes[at] = (bytes[at] ?? 0) ^ flip
      expect(readPageToken(bytes.toString('base64url')).ok).toBe(false)
    }),
  )
})

test('a page token reads back, and begins as those of Graph do', () => {
  fc.assert(
    fc.property(anyToken, (token) => {
      const text = writePageToken(token)
      expect(text).toMatch(/^RFNwd/)
      expect(readPageToken(text)).toEqual({ ok: true, value: token })
    }),
  )
})
