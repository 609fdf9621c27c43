import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../kernel/index.ts'
import { generateKey, readKey } from './key.ts'

const refusal = (text: string): string => {
  try {
    readKey('k1', new Secret(text))
  } catch (error) {
    return error instanceof Error && 'code' in error
      ? `${String(error.code)}: ${error.message}`
      : ''
  }
  return 'accepted'
}
const base64 = (length: number): string =>
  Buffer.from(Array.from({ length }, (_, i) => i)).toString('base64')

describe('readKey', () => {
  it.each([
    ['an empty text', '', 'nothing'],
    ['16 bytes', base64(16), '16 bytes'],
    ['33 bytes', base64(33), '33 bytes'],
    ['blanks around it', ` ${base64(32)}`, 'blanks around it'],
    ['a trailing newline', `${base64(32)}\n`, 'blanks around it'],
    ['missing padding', base64(32).replace('=', ''), 'without the padding'],
    ['the URL-safe alphabet', `${'_'.repeat(42)}8=`, '32 bytes in base64url'],
    ['stray last bits', `${base64(32).slice(0, 40)}/x9=`, '44 characters that are not base64'],
    ['prose', 'correct horse battery staple', '28 characters that are not base64'],
    ['hexadecimal', 'ab'.repeat(32), '64 hexadecimal digits'],
    ['32 equal bytes', `${'A'.repeat(43)}=`, '32 equal bytes, which is no key'],
  ])('refuses %s and says what it saw', (_, text, seen) => {
    expect(refusal(text)).toContain(`key_malformed: `)
    expect(refusal(text)).toContain(`but saw `)
    expect(refusal(text)).toContain(seen)
  })

  it('refuses an id that could not stand in a sealed value', () => {
    for (const id of ['', 'a b', 'é', 'x'.repeat(33), '-k']) {
      expect(() => readKey(id, generateKey())).toThrow(/id of a key/)
    }
  })

  it('never repeats the text it refuses', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 12 }), (text) => {
        expect(refusal(text)).not.toContain(text)
      }),
    )
  })

  it('reads every key that generateKey makes', () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(bytes, (random) => {
        fc.pre(new Set(random).size > 1)
        const text = generateKey(() => random)
        expect(text.reveal()).toHaveLength(44)
        expect(new Uint8Array(readKey('k1', text).key.export())).toEqual(random)
      }),
    )
  })

  it('makes a key that printing does not show', () => {
    const text = generateKey()
    const key = readKey('k1', text)
    expect(inspect(key, { depth: 9, showHidden: true })).not.toContain(text.reveal())
    expect(JSON.stringify(key)).not.toContain(text.reveal())
    expect(inspect(text)).toBe('[redacted]')
  })
})
