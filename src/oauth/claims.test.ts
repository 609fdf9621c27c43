import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeClaims, mergeClaims } from './claims.ts'

const challenge = { access_token: { nbf: { essential: true, value: '1604106651' } } }

describe('the claims of a challenge', () => {
  it.each([
    ['are too long', 'e'.repeat(9_000)],
    ['are not base64', '{"a":1}'],
    ['are no JSON', Buffer.from('nope').toString('base64')],
    ['are no object', Buffer.from('[1]').toString('base64')],
    ['are empty', ''],
  ])('are refused when they %s', (_why, encoded) => {
    expect(decodeClaims(encoded).ok).toBe(false)
  })

  it('are read from base64 and base64url alike', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string(), { maxKeys: 5 }), (claims) => {
        const bytes = Buffer.from(JSON.stringify(claims))
        const expected = { ok: true, value: JSON.stringify(JSON.parse(bytes.toString())) }
        expect(decodeClaims(bytes.toString('base64'))).toEqual(expected)
        expect(decodeClaims(bytes.toString('base64url'))).toEqual(expected)
      }),
    )
  })

  it('stay as they are beside cp1', () => {
    expect(JSON.parse(mergeClaims(JSON.stringify(challenge), true) ?? '')).toEqual({
      access_token: { ...challenge.access_token, xms_cc: { values: ['cp1'] } },
    })
    expect(mergeClaims(JSON.stringify(challenge), false)).toBe(JSON.stringify(challenge))
  })

  it('join capabilities without losing or doubling one', () => {
    const asked = JSON.stringify({ access_token: { xms_cc: { values: ['cp1', 'x'] } } })
    expect(JSON.parse(mergeClaims(asked, true) ?? '')).toEqual({
      access_token: { xms_cc: { values: ['cp1', 'x'] } },
    })
  })

  it('are nothing when there is nothing to ask', () => {
    expect(mergeClaims(undefined, false)).toBeUndefined()
  })

  it('merge to the same result however often', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const once = mergeClaims(JSON.stringify(value), true)
        expect(mergeClaims(once, true)).toBe(once)
      }),
    )
  })
})
