import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCsv } from '../../test/support/snapshots.ts'
import { createCsvWriter, defaultCsv, delimiterProblem } from './csv.ts'

describe('a delimiter', () => {
  test.each(['', ';;', '"', '\n', '\r', '\uFEFF', '\uD800'])('%j is refused', (delimiter) => {
    expect(delimiterProblem(delimiter)).toContain('one character')
  })
  test.each([',', ';', '\t', '|', '·', '😀'])('%j is taken', (delimiter) => {
    expect(delimiterProblem(delimiter)).toBeUndefined()
  })
})

test('null is nothing, an empty text is two quotes', () => {
  expect(createCsvWriter(defaultCsv).line(['a', null, '', null])).toBe('a,,"",\r\n')
})

test('what a spreadsheet would take for a formula is left as it is', () => {
  expect(createCsvWriter(defaultCsv).line(['=1+1', '+49', '@x', '-'])).toBe('=1+1,+49,@x,-\r\n')
})

test('the head is what was asked for', () => {
  const head = (over: object): string =>
    createCsvWriter({ ...defaultCsv, ...over }).head(['a', 'b'])
  expect(head({})).toBe('a,b\r\n')
  expect(head({ bom: true })).toBe('\uFEFFa,b\r\n')
  expect(head({ bom: true, header: false })).toBe('\uFEFF')
  expect(head({ header: false })).toBe('')
})

test('whatever is written is read back, null and empty kept apart', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '"', ',', ';', '\r', '\n', ' ', 'é', '=') })
  const cell = fc.option(text, { nil: null })
  const record = fc.array(cell, { minLength: 2, maxLength: 5 })
  fc.assert(
    fc.property(fc.array(record), fc.constantFrom(',', ';', 'a'), (records, delimiter) => {
      const { line } = createCsvWriter({ ...defaultCsv, delimiter })
      expect(parseCsv(records.map(line).join(''), delimiter)).toEqual(records)
    }),
  )
})
