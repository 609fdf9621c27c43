import { expect, test } from 'vitest'
import { isTotpRight, isTotpSecret, toBase32, totpAt } from './totp.ts'

/** Of RFC 6238, appendix B; its last six of eight digits. */
const secret = toBase32(Buffer.from('12345678901234567890'))

test('base32 is as RFC 4648 has it', () => {
  expect(secret).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
  expect(toBase32(Buffer.from('foob'))).toBe('MZXW6YQ')
  expect(isTotpSecret(secret)).toBe(true)
  expect([isTotpSecret('short'), isTotpSecret('0123456789012345')]).toEqual([false, false])
})

test.each([
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
])('the code at second %i is the one of RFC 6238', (seconds, code) => {
  expect(totpAt(secret, seconds * 1_000)).toBe(code)
})

test('a code holds for one step before and after its own, and for no other', () => {
  const at = 1_234_567_890_000
  const verdicts = [-60, -30, 0, 30, 60].map((s) => isTotpRight(secret, '005 924', at + s * 1_000))
  expect(verdicts).toEqual([false, true, true, true, false])
  expect([isTotpRight(secret, '', at), isTotpRight(secret, '5924', at)]).toEqual([false, false])
})
