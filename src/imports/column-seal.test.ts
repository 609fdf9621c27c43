import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../kernel/index.ts'
import { createColumnSeal, printOfKey } from './column-seal.ts'
import { createPageScanner, type ScannedPage } from './scan-page.ts'

const key = new Secret('planted pepper of the tests')
const columns = ['id', 'displayName', 'mail', 'nested']
const seal = createColumnSeal(['MAIL', 'nested'], key)
const scan = createPageScanner(columns, seal)

const hashOf = (text: string): string =>
  createHmac('sha256', key.reveal()).update(text).digest('base64url')

function page(rows: readonly object[], space = 0): ScannedPage {
  const scanned = scan(Buffer.from(JSON.stringify({ value: rows }, null, space)))
  if (!scanned.ok) throw new Error(scanned.error.detail)
  return scanned.value
}
const rowOf = (row: object, space = 0): unknown => JSON.parse(page([row], space).rows.json(0))

describe('a key', () => {
  it('that can be found by trying is refused, without being told', () => {
    expect(() =>
      printOfKey({ key: new Secret('planted'), from: '"imports.nightly.policy.hash.key"' }),
    ).toThrow(
      '"imports.nightly.policy.hash.key": expected a key of at least 16 characters other than blanks, but it has 7',
    )
  })

  it.each([
    ['spaces alone', ' '.repeat(40), 0],
    ['all kinds of blanks', `\t\n\u00a0 ${' '.repeat(40)}`, 0],
    ['a word between blanks', `${' '.repeat(20)}planted${' '.repeat(20)}`, 7],
    ['fifteen letters', 'planted-planted', 15],
  ])('of %s is refused, since blanks make it no harder to find', (_what, text, counted) => {
    expect(() => printOfKey({ key: new Secret(text), from: 'EVERGRANT_HASH_KEY' })).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        detail: `EVERGRANT_HASH_KEY: expected a key of at least 16 characters other than blanks, but it has ${counted}`,
        remedy: 'Make one with `openssl rand -base64 32`.',
      }),
    )
  })

  it('of sixteen characters is accepted, and the blanks in it are a part of it', () => {
    const print = (text: string): string => printOfKey({ key: new Secret(text), from: 'a' })
    expect(print('planted planted12')).not.toBe(print('plantedplanted12'))
  })

  it('is told from another by its print, which is not the key', () => {
    const print = (text: string, from = 'a'): string => printOfKey({ key: new Secret(text), from })
    expect(print(key.reveal())).toBe(print(key.reveal(), 'b'))
    expect(print(key.reveal())).not.toBe(print(`${key.reveal()}.`))
    expect(print(key.reveal())).toMatch(/^[\w-]{22}$/)
  })
})

describe('a hashed column', () => {
  it('leaves null as null and absent as absent, and other columns as they came', () => {
    expect(rowOf({ id: '1', mail: null, displayName: 'Ada' })).toEqual({
      id: '1',
      mail: null,
      displayName: 'Ada',
    })
    expect(rowOf({ id: '1' })).toEqual({ id: '1' })
    const long = '{"value":[{"id":"1","displayName":1234567890123456789012345,"mail":"a"}]}'
    const scanned = scan(Buffer.from(long))
    expect(scanned.ok && scanned.value.rows.json(0)).toContain('1234567890123456789012345')
  })

  it('is hashed whatever the case of its name, and an address in lower case', () => {
    const mail = hashOf('ada@contoso.example')
    expect(rowOf({ id: '1', mail: 'Ada@Contoso.example' })).toEqual({ id: '1', mail })
    expect(rowOf({ id: '1', Mail: 'ada@contoso.example' })).toEqual({ id: '1', Mail: mail })
    expect(rowOf({ id: '1', nested: 'Ada' })).toEqual({ id: '1', nested: hashOf('Ada') })
  })

  it('is hashed by what the text says, however it is escaped', () => {
    const scanned = scan(Buffer.from('{"value":[{"id":"1","nested":"\\u00e9\\n\\""}]}'))
    expect(scanned.ok && JSON.parse(scanned.value.rows.json(0))).toEqual({
      id: '1',
      nested: hashOf('é\n"'),
    })
  })

  it('keeps the nesting and the names within, and nothing else', () => {
    const nested = { phones: ['1', '2'], n: [1.5, true, null, {}], 'a:"b': { c: 'd' } }
    const sealed = {
      phones: [hashOf('1'), hashOf('2')],
      n: [hashOf('1.5'), hashOf('true'), null, {}],
      'a:"b': { c: hashOf('d') },
    }
    for (const space of [0, 2])
      expect(rowOf({ id: '1', nested }, space)).toEqual({ id: '1', nested: sealed })
  })

  it('stands hashed in every form a row is handed on in', () => {
    const { rows, toNdjson } = page([
      { id: '1', mail: 'planted@x' },
      { id: '2', displayName: 'B', mail: 'planted@y' },
    ])
    const forms = [rows.json(0), rows.bytes?.(1)?.toString() ?? '', toNdjson().toString()]
    for (const form of forms) {
      expect(form).not.toContain('planted')
      expect(form).toMatch(/"mail":"[\w-]{43}"/)
    }
    expect(toNdjson().toString().split('\n')).toHaveLength(3)
  })

  it('never shows a text of it, whatever rows hold', () => {
    const property = fc.property(
      fc.array(
        fc.record({ mail: fc.jsonValue(), nested: fc.jsonValue(), displayName: fc.string() }),
        {
          minLength: 1,
          maxLength: 5,
        },
      ),
      fc.constantFrom(0, 1),
      (made, space) => {
        const rows = made.map((row, index) => ({ id: String(index), ...row }))
        const scanned = page(rows, space)
        for (const [index, row] of rows.entries()) {
          const cut = JSON.parse(scanned.rows.json(index)) as Record<string, unknown>
          expect(cut['displayName']).toBe(row.displayName)
          expect(cut['nested']).toEqual(sealedBy(row.nested, (text) => text))
          expect(cut['mail']).toEqual(sealedBy(row.mail, (text) => text.toLowerCase()))
        }
      },
    )
    fc.assert(property)
  })
})

/** The same by another way: over values, not bytes. */
function sealedBy(value: unknown, fold: (text: string) => string): unknown {
  if (value === null) return null
  if (Array.isArray(value)) return value.map((one) => sealedBy(one, fold))
  if (typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, sealedBy(one, fold)]),
    )
  }
  return hashOf(fold(typeof value === 'string' ? value : JSON.stringify(value)))
}
