import { format, inspect } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from './secret.ts'
import { authorizationHeader, remainingLifeMs, wholeLifeMs, type AccessToken } from './tokens.ts'

const planted = 'planted-s3cret-value'
const secret = new Secret(planted)

describe('a secret', () => {
  it.each([
    ['concatenated', `Bearer ${String(secret)}`],
    ['in JSON', JSON.stringify({ deep: [secret] })],
    ['inspected', inspect({ deep: { deeper: [secret] } }, { depth: 9, showHidden: true })],
    ['formatted', format('%s %o %O %j', secret, secret, secret, secret)],
    ['in an error', inspect(new Error('failed', { cause: secret }))],
    [
      'by its keys',
      JSON.stringify([Object.keys(secret), Object.entries(secret), Object.assign({}, secret)]),
    ],
    ['by its prototype', inspect(Object.getOwnPropertyDescriptors(secret))],
  ])('does not show %s', (_, shown) => {
    expect(shown).not.toContain(planted)
  })

  it('does not survive a structured clone', () => {
    expect(inspect(structuredClone(secret), { showHidden: true })).not.toContain(planted)
  })

  it('gives itself only to reveal()', () => {
    expect(secret.reveal()).toBe(planted)
  })

  it('equals exactly the secrets of the same text', () => {
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(new Secret(a).equals(new Secret(b))).toBe(a === b)
        expect(new Secret(a).equals(new Secret(a))).toBe(true)
        expect(new Secret(a + b).equals(new Secret(a))).toBe(b === '')
        expect(new Secret(a).equals(new Secret(a + b))).toBe(b === '')
      }),
    )
  })
})

describe('an access token', () => {
  const token: AccessToken = { secret, tokenType: 'bearer', issuedAt: 1_000, expiresAt: 4_600 }

  it('does not show its text when it is printed', () => {
    expect(inspect(token) + JSON.stringify(token)).not.toContain(planted)
  })

  it('counts its life from receipt to expiry, and below zero once dead', () => {
    expect([
      wholeLifeMs(token),
      remainingLifeMs(token, 4_000),
      remainingLifeMs(token, 5_000),
    ]).toEqual([3_600, 600, -400])
  })

  it('spells Bearer as servers expect it and leaves other schemes alone', () => {
    expect(authorizationHeader(token)).toBe(`Bearer ${planted}`)
    expect(authorizationHeader({ ...token, tokenType: 'DPoP' })).toBe(`DPoP ${planted}`)
  })
})
