import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskMembers } from './mask-members.ts'
import { maskBody, maskText } from './mask-text.ts'
import { maskToken } from './mask-token.ts'
import { isSecretName } from './secret-name.ts'

const secret = fc.string({
  unit: fc.constantFrom(...'abcXYZ019-._~+/=&<"'.split('')),
  minLength: 20,
  maxLength: 60,
})

/** Ways one character may be written where somebody quotes a token. */
const spell = (character: string, way: number): string => {
  const hex = character.charCodeAt(0).toString(16).padStart(2, '0')
  switch (way) {
    case 0:
      return `%${hex}`
    case 1:
      return `%${hex.toUpperCase()}`
    case 2:
      return `%25${hex}`
    case 3:
      return String.raw`\u00${hex}`
    case 4:
      return `&#x${hex};`
    case 5:
      return `&#${character.charCodeAt(0)};`
    default:
      return character
  }
}

describe('a token in a text', () => {
  it('is masked in every spelling, and nothing else is', () => {
    fc.assert(
      fc.property(
        secret,
        fc.array(fc.nat(9), { minLength: 60, maxLength: 60 }),
        fc.constantFrom('', '{"error":"', 'it was '),
        fc.constantFrom('', '"}', ', they said'),
        (token, ways, before, after) => {
          const quoted = token
            .split('')
            .map((one, at) => spell(one, ways[at] ?? 9))
            .join('')
          // A character that would lengthen the token's own first one is another matter.
          fc.pre(!before.endsWith(token[0] ?? ''))
          expect(maskToken(`${before}${quoted}${after}`, token)).toBe(`${before}[redacted]${after}`)
        },
      ),
    )
  })

  it('is masked when the text ends in the midst of it', () => {
    fc.assert(
      fc.property(secret, fc.integer({ min: 12, max: 60 }), (token, length) => {
        expect(maskToken(`#${token.slice(0, length)}`, token)).toBe('#[redacted]')
      }),
    )
  })

  it('is masked in Base64, wherever it begins', () => {
    fc.assert(
      fc.property(
        secret,
        fc.string({ maxLength: 8 }),
        fc.constantFrom<BufferEncoding>('base64', 'base64url'),
        (token, user, alphabet) => {
          const coded = Buffer.from(`${user}${token}`).toString(alphabet)
          const masked = maskToken(coded, token)
          expect(masked).toContain('[redacted]')
          // What is left around it is not enough to read the token from.
          const left = masked.split('[redacted]').at(-1) ?? ''
          expect(left.length).toBeLessThanOrEqual(4)
        },
      ),
    )
  })

  it('is masked when it is broken over lines', () => {
    const token = 'abcdefghijklmnopqrstuvwxyz0123456789'
    const quoted = token.replaceAll(/(.{10})/g, '$1\r\n  ')
    expect(maskToken(`<${quoted}>`, token)).toBe('<[redacted]>')
    expect(maskToken(JSON.stringify(quoted), token)).toBe('"[redacted]"')
  })

  it.each([
    ['what looks like a JWT', 'a eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln b', 'a [redacted] b'],
    [
      'a credential',
      'Authorization: Bearer 0123456789abcdefXYZ',
      'Authorization: Bearer [redacted]',
    ],
    ['no prose', 'a bearer authorization is missing', 'a bearer authorization is missing'],
    ['a key of ours', 'egk_0123456789abcdef_secret', 'egk_…'],
  ])('masks %s', (_, text, masked) => {
    expect(maskText(text, [])).toBe(masked)
  })
})

describe('what stands under a telling name', () => {
  it.each([
    ['{"access_token":"abc","a":1}', '{"access_token":"[redacted]","a":1}'],
    ['{"acc\\u0065ss_token" : "a\\"bc","a":1}', '{"acc\\u0065ss_token" : "[redacted]","a":1}'],
    ['{"password":123456,"a":1}', '{"password":"[redacted]","a":1}'],
    ['{"tokens":["a","b",{"c":"]"}],"a":1}', '{"tokens":"[redacted]","a":1}'],
    ['{"client_secret":"cut of', '{"client_secret":"[redacted]"'],
    ['{"secrets":{"a":"b","c', '{"secrets":"[redacted]"'],
    [
      '{"body":"{\\"refresh_token\\":\\"abc\\"}"}',
      '{"body":"{\\"refresh_token\\":\\"[redacted]\\"}"}',
    ],
    ['{"body":"{\\"refresh_token\\":\\"ab', '{"body":"{\\"refresh_token\\":\\"[redacted]\\"'],
    [
      'grant_type=x&client_secret=abc%20&code=9',
      'grant_type=x&client_secret=[redacted]&code=[redacted]',
    ],
    ['{"next":"https://a/b?sig=abc&x=1"}', '{"next":"https://a/b?sig=[redacted]&x=1"}'],
    ['<a><sessionId>00D!x</sessionId></a>', '<a><sessionId>[redacted]</sessionId></a>'],
    ['<login password="abc" user="x"/>', '<login password="[redacted]" user="x"/>'],
    ['{"error":{"code":"InvalidAuthenticationToken"}}', undefined],
    ['{"token_type":"Bearer","expires_in":3599}', undefined],
    ['{"displayName":"Sekretariat","mail":null}', undefined],
  ])('%s', (text, masked) => {
    expect(maskMembers(text)).toBe(masked ?? text)
  })

  it.each([
    '{"name":"password","value":"HIDDEN"}',
    '[{"value":"HIDDEN","key":"client_secret"}]',
    '{"headers":[["authorization","HIDDEN"]]}',
    '{"password"/* old */ : // new\n "HIDDEN"}',
    "{'password':'HIDDEN'}",
    '{ password : HIDDEN }',
    '{"a":"5" pipe","password":"HIDDEN"}',
    '{"tokens":[}"HIDDEN"]',
    '{"passcode":"HIDDEN","SAMLResponse":"HIDDEN","x-functions-key":"HIDDEN"}',
    '{"u":"https:\\/\\/a\\/b?a=1\\u0026sig\\u003dHIDDEN"}',
    '{"u":"https://user:HIDDEN@host/"}',
    '{"text":"GET / HTTP/1.1\\r\\nCookie: a=1; HIDDEN"}',
    'Cookie: a=1; b=HIDDEN\nX-Api-Key: HIDDEN',
    'settings:\n  - password: HIDDEN',
    'url=https%3A%2F%2Fx%2F%3Fsig%3DHIDDEN',
    "Server=x;Password='HIDDEN';",
    "x['password'] = `HIDDEN`",
    '<password><![CDATA[HIDDEN]]></password>',
    '<password><!-- one --><v>HIDDEN</v></password>',
    "<login password='HIDDEN'/>",
    '&lt;o:Password Type="x"&gt;HIDDEN&lt;/o:Password&gt;',
    '<add key="password" value="HIDDEN"/>',
    '<Property Name="Password">HIDDEN</Property>',
    '<key>password</key><string>HIDDEN</string>',
    `<password ${'a="b" '.repeat(200)}>HIDDEN</password>`,
    "<input value='HIDDEN' type=hidden name=__RequestVerificationToken>",
    '-----BEGIN RSA PRIVATE KEY-----\nHIDDEN\n-----END RSA PRIVATE KEY-----',
  ])('is masked in %s', (text) => {
    expect(maskBody(text, [])).not.toContain('HIDDEN')
  })

  it('is masked in a form up to its next parameter', () => {
    const type = 'application/x-www-form-urlencoded'
    for (const name of [
      'pass+word',
      'client%255Fsecret',
      'user[password]',
      'user%5Bpwd%5D',
      '!pwd',
    ]) {
      expect(maskBody(`a=1&${name}=<a;'HIDDEN"&b=2`, [], type)).toBe(`a=1&${name}=[redacted]&b=2`)
    }
  })

  it.each([
    '{"message":"InvalidAuthenticationToken: the access token has expired"}',
    '{"error":{"code":"ExpiredAuthenticationToken","message":"Lifetime validation failed: 7"}}',
    '{"name":"size","value":"7"}',
    '<error><code>401</code><message>token expired</message></error>',
    'Bearer authorization_uri="https://login.example/common", error="invalid_token"',
  ])('is not found in %s', (text) => {
    expect(maskBody(text, [])).toBe(text)
  })

  it('is masked in JSON that ends anywhere', () => {
    const name = fc.constantFrom(
      'access_token',
      'Password',
      'x-api-key',
      'clientSecret',
      'id.token',
    )
    const value = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 })
    const planted = fc.string({
      unit: fc.constantFrom(...'QZ7'.split('')),
      minLength: 14,
      maxLength: 30,
    })
    fc.assert(
      fc.property(
        name,
        value,
        planted,
        fc.nat(200),
        fc.nat(3),
        (key, other, hidden, cut, depth) => {
          let text = JSON.stringify({ a: other, [key]: hidden, b: [other] })
          for (let level = 0; level < Math.min(depth, 2); level++)
            text = JSON.stringify({ a: text })
          const end = text.length - (cut % text.length)
          expect(maskMembers(text.slice(0, end))).not.toMatch(/[QZ7]{6}/)
        },
      ),
    )
  })

  it('is told by its name alone', () => {
    for (const name of ['X-Api-Key', 'pwd', 'id_token', 'Set-Cookie', 'AccountKey', 'sig']) {
      expect(isSecretName(name)).toBe(true)
    }
    for (const name of ['token_type', 'code', 'monkey', 'design', 'author']) {
      expect(isSecretName(name)).toBe(false)
    }
  })
})

it('takes no longer the worse the text is', () => {
  const texts = [
    '&lt;a '.repeat(1_365),
    '<a "'.repeat(2_048),
    'a='.repeat(4_096),
    `${'a'.repeat(99)}:`.repeat(82),
    '"'.repeat(8_192),
    '{"a":'.repeat(1_600),
    '\\"'.repeat(4_096),
    '%25'.repeat(2_700),
  ]
  const token = `${'%'.repeat(500)}!`
  const began = performance.now()
  for (const text of texts) expect(maskBody(text, [token]).length).toBeLessThan(200_000)
  expect(performance.now() - began).toBeLessThan(2_000)
})
