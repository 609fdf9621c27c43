import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64Url, parseCompactJwt } from './compact-jwt.ts'

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const token = (header: unknown, claims: unknown, signature = 'c2ln'): string =>
  `${encode(header)}.${encode(claims)}.${signature}`
const plain = { alg: 'RS256', kid: 'k' }

function refusalOf(text: string): string {
  const parsed = parseCompactJwt(text)
  return parsed.ok ? 'accepted' : parsed.error.code
}

describe('a token', () => {
  it('is taken apart', () => {
    const parsed = parseCompactJwt(token(plain, { sub: 'ü', n: [{ a: 1 }] }))
    expect(parsed).toMatchObject({
      ok: true,
      value: { algorithm: 'RS256', keyId: 'k', claims: { sub: 'ü', n: [{ a: 1 }] } },
    })
  })

  // The rest is in test/conformance/, signed, so that nothing else can be the reason.
  it.each<readonly [what: string, text: string, code?: string]>([
    ['an "alg" that is no text', token({ alg: 1 }, {})],
    ['eight parts', 'a.b.c.d.e.f.g.h'],
    ['no part', 'abc', 'token_opaque'],
    ['nothing', '', 'token_opaque'],
    ['a quote in a name', token(plain, { '"': 1 })],
    ['a control character in a name', token(plain, { '\u0007': 1 })],
    ['a letter cut in two in a name', token(plain, '{"\\ud83d":1}')],
  ])('with %s is refused', (_, text = '', code = 'token_malformed') => {
    expect(refusalOf(text)).toBe(code)
  })

  it('is read as it is written, escapes included, whatever was read before', () => {
    // V8 then takes the next name of one letter in escapes for a backslash (nodejs/node#63785).
    JSON.parse('{"x":1,"\\\\":2}')
    const text =
      '{"x":1,"\\u0061":"\\"\\\\","https:\\/\\/a.example\\/b" :2,"gr\\u00f6\\u00dfe"\n:3}'
    const parsed = parseCompactJwt(token(plain, text))
    expect(parsed.ok && parsed.value.claims).toEqual({
      x: 1,
      a: '"\\',
      'https://a.example/b': 2,
      größe: 3,
    })
  })

  it('may have names of somebody’s own, prototype names too', () => {
    const claims = '{"__proto__":{"iss":"x"},"constructor":1,"https://a.example/Claims":[1]}'
    const parsed = parseCompactJwt(token(plain, claims))
    expect(parsed.ok).toBe(true)
    expect(parsed.ok && Object.hasOwn(parsed.value.claims, 'iss')).toBe(false)
    expect(parsed.ok && parsed.value.claims['iss']).toBeUndefined()
  })

  it('never makes the parser throw, and has one spelling only', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(...'eyJhbGci.-_=+/{}":,\u0000 '.split('')),
          maxLength: 80,
        }),
        (text) => {
          parseCompactJwt(text)
          parseCompactJwt(`${encode(plain)}.${text}.c2ln`)
          parseCompactJwt(`${encode(plain)}.${encode(text)}.c2ln`)
        },
      ),
    )
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'AQgw_-9z'.split('')), maxLength: 12 }),
        (text) => {
          const bytes = decodeBase64Url(text)
          const isOnlySpelling = Buffer.from(text, 'base64url').toString('base64url') === text
          expect(bytes !== undefined).toBe(isOnlySpelling)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
