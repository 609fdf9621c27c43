import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPageScanner, type ScannedPage } from './scan-page.ts'

const scan = createPageScanner(['id', 'displayName', 'tags', 'nested', 'n'], undefined)

function page(text: string): ScannedPage {
  const scanned = scan(Buffer.from(text))
  if (!scanned.ok) throw new Error(scanned.error.detail)
  return scanned.value
}

function defect(text: string | Buffer): string {
  const scanned = scan(Buffer.from(text))
  if (scanned.ok) throw new Error('the page was accepted')
  return scanned.error.detail
}

const rowsOf = (scanned: ScannedPage): unknown[] =>
  Array.from({ length: scanned.rows.length }, (_, i) => JSON.parse(scanned.rows.json(i)) as unknown)

describe('a body that is not a page', () => {
  test.each([
    ['', '"{" of a page'],
    ['[]', '"{" of a page'],
    ['{}', 'a page with a "value" array'],
    ['{"value":{}}', '"[" after "value"'],
    ['{"value":[1]}', '"{" of a row'],
    ['{"value":[{}]}', 'a row with an "id"'],
    ['{"value":[{"displayName":"A"}]}', 'a row with an "id"'],
    ['{"value":[{"id":7}]}', 'the "id" of a row as text'],
    ['{"value":[{"id":""}]}', 'a row with an "id"'],
    ['{"value":[{"id":"a","id":"b"}]}', 'one "id" of a row only'],
    ['{"value":[{"id":"a\\u0000b"}]}', 'a plain "id"'],
    ['{"value":[{"id":"\\ud800"}]}', 'a plain "id"'],
    ['{"value":[{"id":"a\\n"}]}', 'a plain "id"'],
    ['{"value":[{"ID":"a"}]}', 'a row with an "id"'],
    ['{"value":[],"@odata.nextLink":5}', 'a link as text'],
    ['{"value":[],"value":[]}', 'one "value" property only'],
    ['{"value":[]} x', 'the end of the body'],
    ['<html></html>', '"{" of a page'],
  ])('%j is refused, naming what was expected', (body, expected) => {
    expect(defect(body)).toContain(expected)
  })

  test('is refused when it is not UTF-8', () => {
    expect(defect(Buffer.from([0x7b, 0xff, 0x7d]))).toBe('the body is not UTF-8')
  })

  test('is refused when it nests without end', () => {
    const deep = `{"value":[{"id":"1","nested":${'['.repeat(100_000)}`
    expect(defect(deep)).toContain('shallower nesting')
  })

  test('is refused wherever a good page is cut short', () => {
    const whole =
      '{"@odata.count":2,"value":[{"id":"1","displayName":"A\\u00e9"},{"id":"2","n":-1.5e3}]}'
    for (let end = 0; end < whole.length; end++)
      expect(scan(Buffer.from(whole.slice(0, end))).ok).toBe(false)
    expect(scan(Buffer.from(whole)).ok).toBe(true)
  })

  test('is refused exactly when JSON.parse refuses it, whatever byte was damaged', () => {
    const whole = '{"value":[{"id":"a","n":[1,-0.5e+7,true,null],"tags":{"x":"\\n\\u12aF"}}]}'
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.constantFrom(...Array.from('{}[]",:\\u0e-+.1tn \n\u0001')),
        (at, char) => {
          const damaged = whole.slice(0, at) + char + whole.slice(at + 1)
          let isJson = true
          try {
            JSON.parse(damaged)
          } catch {
            isJson = false
          }
          const scanned = scan(Buffer.from(damaged))
          const why = scanned.ok ? '' : scanned.error.detail
          // Good JSON that is refused is refused for not being a page.
          if (isJson && !scanned.ok) return /"id"|"value"|row|page/.test(why)
          return scanned.ok === isJson
        },
      ),
      { numRuns: 3_000 },
    )
  })
})

describe('a page', () => {
  test('yields its rows byte for byte, its links and its count', () => {
    const row = '{"id":"1","displayName":"Zoë \\"Z\\" \\u00e9","tags":["a","b"],"n":1.50}'
    const scanned = page(
      `{"@odata.context":"c","@odata.count":400000,"@odata.nextLink":"https://g/x?$skiptoken=A\\u0026b","value":[${row}]}`,
    )
    expect(scanned.rows.json(0)).toBe(row)
    expect(scanned.rows.ids).toEqual(['1'])
    expect(scanned.count).toBe(400_000)
    expect(scanned.nextLink).toBe('https://g/x?$skiptoken=A&b')
    expect(scanned.toNdjson().toString()).toBe(`${row}\n`)
  })

  test('is cut in place when its rows stand close, and copied when they do not', () => {
    const close = page('{"value":[{"id":"1"},{"id":"2"}]}')
    expect(close.toNdjson().toString()).toBe('{"id":"1"}\n{"id":"2"}\n')
    expect(close.toNdjson().toString()).toBe('{"id":"1"}\n{"id":"2"}\n')
    expect(close.rows.json(1)).toBe('{"id":"2"}')
    const wide = page('{"value":[ {"id":"1"} , {"id":"2"} ] }')
    expect(wide.toNdjson().toString()).toBe('{"id":"1"}\n{"id":"2"}\n')
  })

  test('may be empty', () => {
    expect(page('{"value":[]}').rows.length).toBe(0)
    expect(page('{"value":[]}').toNdjson().length).toBe(0)
  })

  test('loses what was not selected, and only that', () => {
    const scanned = page(
      '{"value":[{"@odata.type":"#microsoft.graph.user","id":"1","displayName":null,"secret":{"a":[1]}},{"id":"2"}]}',
    )
    expect(scanned.toNdjson().toString()).toBe('{"id":"1","displayName":null}\n{"id":"2"}\n')
  })

  test('keeps every digit of a number, also where a property beside it is left out', () => {
    const scanned = page(
      '{"value":[{"@odata.type":"#x","id":"1","n":12345678901234567890.10e+999}]}',
    )
    expect(scanned.rows.json(0)).toBe('{"id":"1","n":12345678901234567890.10e+999}')
  })

  test('keeps a selected property in Graph’s spelling, however it was asked for', () => {
    const lower = createPageScanner(['id', 'displayname'], undefined)
    const rows = '{"id":"1","displayName":"A"},{"id":"2","displayName":"B","x":1}'
    const scanned = lower(Buffer.from(`{"value":[${rows}]}`))
    expect(scanned.ok && scanned.value.toNdjson().toString()).toBe(
      '{"id":"1","displayName":"A"}\n{"id":"2","displayName":"B"}\n',
    )
  })

  test('keeps one row on one line even when the server breaks lines inside it', () => {
    const scanned = page('{\n "value": [\n {\n "id": "1",\r\n "tags": [ 1 ]\n }\n ]\n}')
    expect(scanned.toNdjson().toString()).toBe('{"id":"1","tags":[1]}\n')
  })

  test('holds what JSON.parse finds in it, whatever the rows are', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue())
    const row = fc.record(
      {
        id: fc
          .string({ minLength: 1, unit: 'binary' })
          .filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text)),
        displayName: value,
        tags: value,
        other: value,
        n: fc.double({ noNaN: true, noDefaultInfinity: true }),
      },
      { requiredKeys: ['id'] },
    )
    fc.assert(
      fc.property(fc.array(row), fc.constantFrom(undefined, 1), (rows, indent) => {
        const text = JSON.stringify({ x: rows, value: rows }, null, indent)
        const parsed = JSON.parse(text) as { value: Record<string, unknown>[] }
        const expected = parsed.value.map((one) => {
          const { other: _, ...kept } = one
          return kept
        })
        const scanned = page(text)
        expect(rowsOf(scanned)).toEqual(expected)
        expect(scanned.rows.ids).toEqual(expected.map((one) => one['id']))
        const lines = scanned.toNdjson().toString().split('\n').slice(0, -1)
        expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(expected)
      }),
    )
  })
})
