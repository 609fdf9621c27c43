import fc from 'fast-check'
import { parseCompactJwt } from '../../src/identity/compact-jwt.ts'
import { parseStrictJson } from '../../src/identity/strict-json.ts'
import { algorithmNames, readKeySet } from '../../src/oauth/index.ts'
import { signToken } from '../support/token-maker.ts'
import type { Issuer } from './attack.ts'
import { createForge, encode, signWith } from './forge.ts'
import { openEvergrant, type OwnSubject } from './sides/evergrant.ts'

/** How long a property is tried; a number of runs, or until a time is over. */
export type Effort = Pick<fc.Parameters, 'numRuns' | 'interruptAfterTimeLimit' | 'seed'>

/** JSON as it is written: members in their order, names that come twice among them. */
type Written =
  | { readonly kind: 'plain'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly Written[] }
  | { readonly kind: 'object'; readonly members: readonly Member[] }

interface Member {
  readonly name: string
  /** Whether the name is written in escapes. */
  readonly isEscaped: boolean
  readonly value: Written
}

const plain = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  )
  .map((value): Written => ({ kind: 'plain', text: JSON.stringify(value) }))
const names = fc.oneof(
  fc.constantFrom('a', 'b', 'iss', '__proto__', 'constructor', '', ':', '{"', '\\', '\u00e9'),
  fc.string({ maxLength: 3 }),
)
const { object: writtenObject } = fc.letrec<{
  any: Written
  object: Written
  list: Written
}>((tie) => ({
  any: fc.oneof({ depthSize: 'small', withCrossShrink: true }, plain, tie('list'), tie('object')),
  list: fc.array(tie('any'), { maxLength: 4 }).map((items) => ({ kind: 'list', items })),
  object: fc
    .array(fc.record({ name: names, isEscaped: fc.boolean(), value: tie('any') }), { maxLength: 5 })
    .map((members) => ({ kind: 'object', members })),
}))

function write(written: Written, blank: string): string {
  if (written.kind === 'plain') return written.text
  if (written.kind === 'list') {
    return `[${written.items.map((item) => write(item, blank)).join(`${blank},`)}]`
  }
  const members = written.members.map(({ name, isEscaped, value }) => {
    const spelled = isEscaped ? `"${escaped(name)}"` : JSON.stringify(name)
    return `${spelled}${blank}:${blank}${write(value, blank)}`
  })
  return `{${members.join(`,${blank}`)}}`
}

/** What is meant, whatever a parser makes of it. */
function valueOf(written: Written): unknown {
  if (written.kind === 'plain') return JSON.parse(written.text)
  if (written.kind === 'list') return written.items.map(valueOf)
  const pairs = written.members.map(({ name, value }) => [name, valueOf(value)] as const)
  return Object.fromEntries(pairs)
}

const escaped = (text: string): string =>
  Array.from({ length: text.length }, (_, at) => {
    return `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`
  }).join('')

/** Whether no name is one that has to be written in escapes. */
function hasPlainNames(written: Written): boolean {
  if (written.kind === 'plain') return true
  if (written.kind === 'list') return written.items.every(hasPlainNames)
  return written.members.every(
    ({ name, value }) => !/["\\\p{Cc}]/u.test(name) && hasPlainNames(value),
  )
}

function hasTwice(written: Written): boolean {
  if (written.kind === 'plain') return false
  if (written.kind === 'list') return written.items.some(hasTwice)
  const own = written.members.map(({ name }) => name)
  return new Set(own).size < own.length || written.members.some(({ value }) => hasTwice(value))
}

/**
 * What is read is what was written, and a name that comes twice is never read at all. `JSON.parse`
 * is no measure here: it takes some names in escapes for others.
 */
export function assertJsonReading(effort: Effort): void {
  fc.assert(
    fc.property(writtenObject, fc.constantFrom('', ' ', '\n\t'), (written, blank) => {
      const text = write(written, blank)
      const read = parseStrictJson(Buffer.from(text))
      const isGood = !hasTwice(written) && hasPlainNames(written)
      if (read.ok !== isGood) throw new Error(`${read.ok ? 'read' : read.error}: ${text}`)
      if (read.ok) assertSame(read.value, valueOf(written))
    }),
    effort,
  )
}

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  fc.json({ stringUnit: 'binary' }).map((text) => Buffer.from(`{"a":${text}}`)),
  // Whole JSON of which bytes were changed, put in or left out.
  fc
    .tuple(writtenObject, fc.array(fc.tuple(fc.nat(400), fc.nat(255), fc.nat(2)), { maxLength: 3 }))
    .map(([written, changes]) => {
      let bytes = Buffer.from(write(written, ''))
      for (const [where, byte, kind] of changes) {
        const at = where % (bytes.length + 1)
        const put = kind === 2 ? [] : [byte]
        const rest = bytes.subarray(kind === 1 ? at : at + 1)
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(put), rest])
      }
      return bytes
    }),
)

/** No bytes make the reader throw, and what it reads of any is what `JSON.parse` reads. */
export function assertByteReading(effort: Effort): void {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const assertReadAs = (value: unknown, bytes: Buffer): void => {
    const text = strict.decode(bytes)
    // Names in escapes are not read reliably by `JSON.parse`; the property above has them.
    if (!text.includes('\\')) assertSame(value, JSON.parse(text))
  }
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const read = parseStrictJson(bytes)
      if (read.ok) assertReadAs(read.value, bytes)
      const part = bytes.toString('base64url')
      const parsed = parseCompactJwt(`${encode({ alg: 'RS256' })}.${part}.c2ln`)
      if (parsed.ok) assertReadAs(parsed.value.claims, bytes)
      if (parsed.ok && !read.ok) throw new Error('a token is read less strictly than its JSON')
      const headed = parseCompactJwt(`${part}.e30.c2ln`)
      if (headed.ok) assertReadAs(headed.value.header, bytes)
    }),
    effort,
  )
}

/** No text at all makes the parser throw, and what it takes apart goes together again. */
export function assertTokenReading(effort: Effort): void {
  const unit = fc.constantFrom(...'eyJhbGciOiJ.-_=+/{}":,\u0000 \u00e9\ud800'.split(''))
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.string({ unit, maxLength: 80 }),
        fc.array(fc.string({ unit }), { maxLength: 8 }).map((parts) => parts.join('.')),
      ),
      (text) => {
        const parsed = parseCompactJwt(text)
        if (!parsed.ok) return
        const { signed, signature } = parsed.value
        if (`${signed}.${signature.toString('base64url')}` !== text) {
          throw new Error(`taken apart as something else: ${JSON.stringify(text)}`)
        }
      },
    ),
    effort,
  )
}

const character = fc.oneof(
  // Letters of other scripts whose lower byte is one of the alphabet.
  fc
    .tuple(fc.constantFrom(1, 4, 0x4e, 0xd8), fc.constantFrom(...'-09AZ_az'.split('')))
    .map(([high, low]) => String.fromCharCode(high * 256 + low.charCodeAt(0))),
  fc.constantFrom(...'ABCDwxyz0189-_+/=. \n\u0000\u00e9\u212a'.split('')),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
)
const change = fc.record({
  where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  what: fc.constantFrom('replace', 'insert', 'remove', 'repeat', 'cut'),
  character,
})

/** A good token is refused once anything of it was changed, by a verifier that knows the good one. */
export async function assertSignatures(effort: Effort): Promise<void> {
  const { keys, claims, published, ...forge } = createForge()
  const issuer: Issuer = { published, isAway: false, requests: 0 }
  const subject: OwnSubject = openEvergrant(issuer, { keys, claims, published, ...forge })
  const tokens = [
    signToken(keys.ours, claims()),
    signToken(keys.curve, claims()),
    signWith(keys.edwards, null, encode({ alg: 'EdDSA', kid: 'ed1' }), encode(claims())),
  ]
  for (const token of tokens) {
    const { kind } = await subject.verify(token)
    if (kind !== 'accepted') throw new Error('the honest token is refused')
  }
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...tokens),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      async (token, changes) => {
        const changed = changes.reduce(alter, token)
        fc.pre(!tokens.includes(changed))
        const outcome = await subject.verify(changed)
        if (outcome.kind === 'accepted') throw new Error(`accepted: ${changed}`)
      },
    ),
    effort,
  )
}

function alter(token: string, { where, what, character: put }: ChangeOf<typeof change>): string {
  const at = Math.floor(where * token.length)
  const [before, after] = [token.slice(0, at), token.slice(at + 1)]
  if (what === 'cut') return before
  if (what === 'replace') return `${before}${put}${after}`
  if (what === 'insert') return `${before}${put}${token.slice(at)}`
  return what === 'remove' ? `${before}${after}` : `${token.slice(0, at + 1)}${token.slice(at)}`
}

type ChangeOf<A> = A extends fc.Arbitrary<infer Value> ? Value : never

/** Whatever a document holds, reading its keys throws nothing, and takes no key that is not sound. */
export function assertKeyReading(effort: Effort): void {
  const { keys } = createForge()
  const honest = [keys.ours, keys.curve, keys.edwards, keys.weak, keys.p384].map(({ jwk }) => jwk)
  const field = fc.constantFrom(...'kty n e d p k crv x y use key_ops kid alg issuer'.split(' '))
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('AQ', 'AQAB', 'BA', 'RSA', 'EC', 'OKP', 'oct', 'P-256', 'secp256k1', 'sig'),
    fc.constantFrom(...algorithmNames, 'HS256', 'none', 'verify'),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  )
  const entry = fc.oneof(
    fc.jsonValue(),
    fc
      .tuple(fc.constantFrom(...honest), fc.dictionary(field, value, { maxKeys: 3 }))
      .map(([jwk, more]) => ({ ...jwk, ...more })),
  )
  const document = fc.oneof(
    fc.jsonValue(),
    fc.array(entry, { maxLength: 8 }).map((entries) => ({ keys: entries })),
    fc.record({ keys: fc.jsonValue() }),
  )
  fc.assert(
    fc.property(document, (published) => {
      const read = readKeySet(published)
      if (!read.ok) return
      for (const { key, keyId, algorithms } of read.value.keys) {
        const { modulusLength = 2_048 } = key.asymmetricKeyDetails ?? {}
        const isSound =
          key.type === 'public' &&
          modulusLength >= 2_048 &&
          algorithms.length > 0 &&
          algorithms.every(({ keyType }) => keyType === key.asymmetricKeyType) &&
          (keyId === undefined || typeof keyId === 'string')
        if (!isSound) throw new Error(`taken: ${JSON.stringify(published)}`)
      }
      const ids = read.value.keys.flatMap(({ keyId }) => (keyId === undefined ? [] : [keyId]))
      if (new Set(ids).size < ids.length) throw new Error('two keys of one name')
    }),
    effort,
  )
}

/** Texts of 16,000 characters that cost a careless reader most. */
export function costlyTexts(): readonly (readonly [what: string, text: string])[] {
  const length = 11_800
  const fill = (unit: string): string => unit.repeat(Math.floor(length / unit.length))
  return [
    ['lists in lists', `{"a":${fill('[')}`],
    ['objects in objects', fill('{"a":')],
    ['escapes', `{"a":"${fill('\\\\')}"}`],
    ['an escape without end', `{"a":"${fill('\\"')}`],
    ['escaped letters', `{"a":"${fill('\\u0041')}"}`],
    ['colons', `{${fill(':')}}`],
    ['digits', `{"a":${fill('9')}}`],
    ['digits behind a point', `{"a":0.${fill('9')}}`],
    [
      'names',
      `{${Array.from({ length: 200 }, (_, at) => `"${'x'.repeat(50)}${at}":1`).join(',')}}`,
    ],
    ['letters that grow when folded', `{"${fill('\ufdfa').slice(0, length / 3)}":1}`],
    ['marks to be put in order', `{"a${fill('\u0315\u0300\u05ae').slice(0, length / 2)}":1}`],
    [
      'names that are numbers',
      `{${Array.from({ length: 200 }, (_, at) => `"${at}":1`).join(',')}}`,
    ],
    ['empty lists', `{"a":[${fill('[],')}[]]}`],
    ['quotes', fill('"')],
    ['zeros', fill('\u0000')],
  ]
}

/** Compares as `assert.deepStrictEqual` does, `-0` and prototypes included. */
function assertSame(value: unknown, expected: unknown): void {
  if (JSON.stringify(value) !== JSON.stringify(expected)) {
    throw new Error(`read as ${JSON.stringify(value)}, not ${JSON.stringify(expected)}`)
  }
}
