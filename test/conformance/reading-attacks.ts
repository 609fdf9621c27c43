import { attackBy, type Attack } from './attack.ts'
import { encode, honestHeader, iss, oddlySpelled, tid, type Forge } from './forge.ts'

const malformed = 'parse: token_malformed'

/** A part of a length whose last character has bits that say nothing. */
function paddedJson(value: object): string {
  for (const filler of ['', 'a', 'aa']) {
    const part = encode({ ...value, filler })
    if (part.length % 4 !== 0) return part
  }
  throw new Error('no filler helps')
}

const nested = (levels: number): unknown =>
  JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)
const read = (what: string, row: number, make: (forge: Forge) => string): Attack =>
  attackBy(row, malformed, what, make)

/** Rows 8 to 12: what two parsers would read in two ways, or one would take too long to read. */
export const readingAttacks: readonly Attack[] = [
  read('`iss` twice', 8, ({ claims, parts }) =>
    parts(
      encode(honestHeader),
      encode(`{"iss":"https://evil.example/",${JSON.stringify(claims()).slice(1)}`),
    ),
  ),
  read('`sub` twice', 8, ({ appended }) => appended('"sub":"admin"')),
  read('`exp` twice', 8, ({ appended, now }) => appended(`"exp":${now + 7_200}`)),
  read('`sub` twice, once escaped', 8, ({ appended }) => appended('"s\\u0075b":"admin"')),
  {
    ...read('`x` twice, once escaped, after one with a backslash for a name', 8, ({ appended }) =>
      appended('"x":1,"\\u0078":2'),
    ),
    // From then on V8 may take a name of one letter in escapes for a backslash (nodejs/node#63785).
    play: async ({ verify, forge: { appended } }) => {
      await verify(appended('"x":1,"\\\\":2'))
      return verify(appended('"x":1,"\\u0078":2'))
    },
  },
  read('a name twice further in', 8, ({ appended }) => appended('"a":[{"b":1,"b":2}]')),
  read('`__proto__` twice', 8, ({ appended }) => appended('"__proto__":{},"__proto__":{}')),
  read('`alg` twice', 8, ({ parts, claims }) =>
    parts(encode('{"alg":"none","kid":"k1","alg":"RS256"}'), encode(claims())),
  ),
  read('`kid` twice', 8, ({ parts, claims }) =>
    parts(encode('{"alg":"RS256","kid":"x","kid":"k1"}'), encode(claims())),
  ),

  read('`ISS` beside `iss`', 9, ({ signed }) => signed({ ISS: 'https://evil.example/' })),
  read('`ſub` (long s) beside `sub`', 9, ({ signed }) => signed({ '\u017fub': 'admin' })),
  read('`aud` in full width', 9, ({ signed }) => signed({ '\uff41\uff55\uff44': 'x' })),
  read('`exp` with a blank behind', 9, ({ signed }) => signed({ 'exp ': 1 })),
  read('`preferred_username` in letters of mathematics', 9, ({ signed }) => {
    const bold = 'preferred'
      .split('')
      .map((one) => String.fromCodePoint(0x1d41a + one.charCodeAt(0) - 97))
    return signed({ [`${bold.join('')}_username`]: 'admin' })
  }),
  read('`aud` between a thousand blanks', 9, ({ signed }) =>
    signed({ [`${' '.repeat(500)}aud${'\u3000'.repeat(500)}`]: 'x' }),
  ),
  read('`Scp` in place of `scp`', 9, ({ signed }) => signed({ scp: undefined, Scp: 'admin' })),
  read('`ALG` beside `alg`', 9, ({ signed }) => signed({}, { ALG: 'none' })),

  read('bytes that are no UTF-8', 10, ({ claims, parts }) => {
    const bytes = Buffer.from(JSON.stringify(claims()).replace('pairwise', 'pair\u0000ise'))
    bytes[bytes.indexOf(0)] = 0xff
    return parts(encode(honestHeader), bytes.toString('base64url'))
  }),
  read('a byte order mark', 10, ({ claims, parts }) =>
    parts(encode(honestHeader), encode(`\ufeff${JSON.stringify(claims())}`)),
  ),
  read('a lone surrogate', 10, ({ appended }) => appended('"name":"\\ud800"')),
  read('a lone surrogate in a name', 10, ({ appended }) => appended('"\\udc00":1')),
  read('claims spelled in another way', 10, ({ claims, parts }) =>
    parts(encode(honestHeader), oddlySpelled(paddedJson(claims()))),
  ),
  read('a header spelled in another way', 10, ({ claims, parts }) =>
    parts(oddlySpelled(paddedJson(honestHeader)), encode(claims())),
  ),
  read('a signature spelled in another way', 10, ({ signed }) => oddlySpelled(signed())),
  read('claims with padding', 10, ({ claims, parts }) => {
    const part = paddedJson(claims())
    return parts(encode(honestHeader), part.padEnd(Math.ceil(part.length / 4) * 4, '='))
  }),
  read('a signature with padding', 10, ({ signed }) => `${signed()}==`),
  read('claims in the standard alphabet', 10, ({ claims, parts }) => {
    // Both characters by which the alphabets differ.
    const part = encode(claims({ name: '\u00fb\u00ff\u00fe?>~~~' }))
    if (!/[-_]/.test(part)) throw new Error('this part is the same in both alphabets')
    return parts(encode(honestHeader), part.replaceAll('-', '+').replaceAll('_', '/'))
  }),
  read('a letter of another script in its signature', 10, ({ signed }) => {
    // Its lower byte is the letter that stood there.
    const token = signed()
    const at = token.length - 9
    const other = String.fromCharCode(0x4e00 + token.charCodeAt(at))
    return `${token.slice(0, at)}${other}${token.slice(at + 1)}`
  }),
  read('a letter of another script in its claims', 10, ({ claims, parts }) => {
    const part = encode(claims())
    const other = String.fromCharCode(0x0400 + part.charCodeAt(9))
    // Signed is what a careless reader makes of it.
    const [header, , signature] = parts(encode(honestHeader), part).split('.')
    return `${header ?? ''}.${part.slice(0, 9)}${other}${part.slice(10)}.${signature ?? ''}`
  }),
  read('a line break behind', 10, ({ signed }) => `${signed()}\n`),
  read('a blank before', 10, ({ signed }) => ` ${signed()}`),
  read('a line break within its signature', 10, ({ signed }) => {
    const token = signed()
    return `${token.slice(0, -20)}\n${token.slice(-20)}`
  }),
  read('a blank before its claims', 10, ({ claims, parts }) =>
    parts(encode(honestHeader), encode(` ${JSON.stringify(claims())}`)),
  ),
  read('text behind its claims', 10, ({ claims, parts }) =>
    parts(encode(honestHeader), encode(`${JSON.stringify(claims())}{}`)),
  ),
  read('claims that are a list', 10, ({ claims, parts }) =>
    parts(encode(honestHeader), encode([claims()])),
  ),
  read('claims that are a text', 10, ({ claims, parts }) =>
    parts(encode(honestHeader), encode(JSON.stringify(JSON.stringify(claims())))),
  ),
  attackBy(10, 'parse: token_opaque', 'JSON serialization', ({ signed }) => {
    const [header, payload, signature] = signed().split('.')
    return JSON.stringify({ payload, protected: header, signature })
  }),
  read('a fourth part', 10, ({ signed }) => `${signed()}.e30`),
  attackBy(10, 'parse: token_opaque', 'a part too few', ({ signed }) =>
    signed().split('.').slice(0, 2).join('.'),
  ),

  read('33 levels of objects', 11, ({ signed }) => signed({ a: nested(33) })),
  read('5,000 levels of lists', 11, ({ appended }) =>
    appended(`"a":${'['.repeat(5_000)}${']'.repeat(5_000)}`),
  ),
  read('more than 200 members', 11, ({ signed }) =>
    signed(Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`c${at}`, at]))),
  ),
  attackBy(11, 'transport: token_too_large', 'more than 16 KiB', ({ signed }) =>
    signed({ a: 'x'.repeat(16_384) }),
  ),
  attackBy(11, 'transport: token_too_large', '10 MB of dots', () => '.'.repeat(10_000_000)),

  attackBy(12, 'parse: token_encrypted', 'five parts, compressed (`zip`)', ({ claims }) => {
    const header = { alg: 'dir', enc: 'A256GCM', zip: 'DEF', kid: 'k1', ...claims() }
    return [encode(header), '', 'AAAAAAAAAAAAAAAA', 'AAAA', 'A'.repeat(22)].join('.')
  }),
  attackBy(12, 'parse: token_encrypted', 'a password hashed 2^31 times (`p2c`)', () => {
    const p2 = { alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2_147_483_647, p2s: 'AAAA' }
    return [encode({ ...p2, iss, tid }), 'AAAA', 'AAAAAAAAAAAAAAAA', 'AAAA', 'A'.repeat(22)].join(
      '.',
    )
  }),
]
