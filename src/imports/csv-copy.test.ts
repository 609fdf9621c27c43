import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCsvCopier } from './csv-copy.ts'
import { createCsvWriter, defaultCsv } from './csv.ts'
import { createCellReader } from './row-values.ts'

const columns = ['id', 'a', 'B', 'é"\\']

test('what is copied is what would be written of the cells, byte by byte', () => {
  const piece = fc.constantFrom(
    'x',
    ',',
    ';',
    '.',
    '"',
    '\\',
    '\r',
    '\n',
    '\0',
    'é',
    '·',
    '😀',
    '1',
  )
  const text = fc.string({ unit: piece, maxLength: 6 })
  const value = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }))
  const row = fc.dictionary(fc.constantFrom(...columns, 'b', 'other'), value)
  const space = fc.constantFrom(undefined, 1)
  const delimiters = fc.constantFrom(',', ';', '\t', '·', '😀', '1', 'n', '.')
  fc.assert(
    fc.property(fc.array(row, { maxLength: 6 }), delimiters, space, (rows, delimiter, spaces) => {
      const csv = createCsvWriter({ ...defaultCsv, delimiter })
      const cells = createCellReader(columns)
      const copier = createCsvCopier(csv, 'ten,"ant', columns)
      const texts = rows.map((one) => JSON.stringify(one, undefined, spaces))
      for (const json of texts) copier.row(Buffer.from(json))
      const written = texts.map((json) => csv.line(['ten,"ant', ...cells(json)]))
      expect(copier.take().toString()).toBe(written.join(''))
    }),
    { numRuns: 500 },
  )
})

test('rows larger than what is at hand are written as well, and taken once', () => {
  const copier = createCsvCopier(createCsvWriter(defaultCsv), 't', ['a'])
  const long = 'x"'.repeat(1 << 20)
  copier.row(Buffer.from(JSON.stringify({ a: long })))
  expect(copier.take().toString()).toBe(`t,"${long.replaceAll('"', '""')}"\r\n`)
  copier.row(Buffer.from('{"a":"\\u0041"}'))
  expect(copier.take().toString()).toBe('t,A\r\n')
})
