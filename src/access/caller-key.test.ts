import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSameHash, issueCallerKey, parseCallerKey } from './caller-key.ts'

describe('a caller key', () => {
  it.each([
    '',
    'egk_',
    'egf_0199a1c2000070008000000000000001_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'egk_0199A1C2000070008000000000000001_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'egk_0199a1c2000070008000000000000001_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'egk_0199a1c2000070008000000000000001_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'egk_0199a1c2000070008000000000000001_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=',
    'egk_0199a1c2000070008000000000000001_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n',
    ' egk_0199a1c2000070008000000000000001_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  ])('is nothing like %j', (text) => {
    expect(parseCallerKey(text)).toBeUndefined()
  })

  it('is taken apart into what is kept of it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 48, maxLength: 48 }),
        fc.integer({ min: 0, max: 2 ** 48 - 1 }),
        (bytes, now) => {
          let used = 0
          const random = (length: number): Uint8Array => bytes.slice(used, (used += length))
          const { id, key, secretHash } = issueCallerKey(now, random)
          expect(key.reveal()).toHaveLength(80)
          expect(parseCallerKey(key.reveal())).toEqual({ id, secretHash })
        },
      ),
    )
  })

  it('is never the same twice, and does not print', () => {
    const [one, two] = [issueCallerKey(5), issueCallerKey(5)]
    expect(one.secretHash).not.toBe(two.secretHash)
    expect(`${String(one.key)}${JSON.stringify(one)}`).not.toContain('egk_')
  })

  it('has a hash that equals none but itself', () => {
    expect(isSameHash('ab', 'ab')).toBe(true)
    expect(isSameHash('ab', 'ac')).toBe(false)
    expect(isSameHash('ab', 'abc')).toBe(false)
  })
})
