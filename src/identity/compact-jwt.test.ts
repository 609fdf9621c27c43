import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64Url, longestToken, parseCompactJwt } from './compact-jwt.ts'

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

  it.each<readonly [what: string, text: string, code?: string]>([
    ['a name twice', token('{"alg":"RS256"}', '{"sub":"a","sub":"b"}')],
    ['a name twice, once escaped', token(plain, '{"sub":"a","s\\u0075b":"b"}')],
    ['a name twice further in', token(plain, '{"a":[{"b":1,"b":2}]}')],
    ['a name twice in the header', token('{"alg":"RS256","alg":"none"}', {})],
    ['a registered name in capitals', token(plain, { ISS: 'x' })],
    ['a registered name with a long s', token(plain, { 'i\u017fs': 'x', iss: 'y' })],
    ['a registered name in full width', token(plain, { '\uff41ud': 'x' })],
    ['a registered name with a blank', token(plain, '{"exp ":1}')],
    ['a byte order mark', token(plain, '\ufeff{}')],
    ['a blank before it', token(plain, ' {}')],
    ['a list', token(plain, '[]')],
    ['text behind it', token(plain, '{}x')],
    ['a lone surrogate', token(plain, '{"sub":"\\ud800"}')],
    [
      'bytes that are no UTF-8',
      `${encode(plain)}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.c2ln`,
    ],
    ['33 levels', token(plain, `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`)],
    [
      '201 members',
      token(plain, Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`c${i}`, 1]))),
    ],
    ['padding', `${encode(plain)}.${encode({})}=.c2ln`],
    ['standard base64', token(plain, { a: '\u00fb\u00ff\u00fe' }).replaceAll('_', '/') + '+'],
    ['bits behind the last byte', token(plain, {}, 'c2l')],
    ['a line break', `${token(plain, {})}\n`],
    ['no signature', token(plain, {}, '')],
    ['"crit"', token({ ...plain, crit: ['exp'] }, {})],
    ['"b64"', token({ ...plain, b64: false }, {})],
    ['an "alg" that is no text', token({ alg: 1 }, {})],
    ['no "alg"', token({}, {})],
    ['a "kid" that is no text', token({ alg: 'RS256', kid: ['k'] }, {})],
    ['a long "kid"', token({ alg: 'RS256', kid: 'k'.repeat(257) }, {})],
    ['four parts', `${token(plain, {})}.x`],
    ['eight parts', 'a.b.c.d.e.f.g.h'],
    ['five parts', 'a.b.c.d.e', 'token_encrypted'],
    ['no part', 'abc', 'token_opaque'],
    ['a part too few', 'abc.def', 'token_opaque'],
    ['JSON serialization', '{"payload":"e30","signatures":[]}', 'token_opaque'],
    ['nothing', '', 'token_opaque'],
    ['too much', token(plain, { a: 'x'.repeat(longestToken) }), 'token_too_large'],
  ])('with %s is refused', (_, text = '', code = 'token_malformed') => {
    expect(refusalOf(text)).toBe(code)
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
