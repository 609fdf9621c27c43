import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCellReader, type Cell } from './row-values.ts'

test('null and absent properties are null, an empty text is a text', () => {
  const read = createCellReader(['id', 'mail', 'displayName', 'jobTitle'])
  expect(read('{"id":"1","mail":null,"displayName":""}')).toEqual(['1', null, '', null])
})

test('values that are no text are the JSON that Graph sent, long numbers to the last digit', () => {
  const read = createCellReader(['id', 'n', 'b', 'list', 'o'])
  const json =
    '{"id":"1","n":12345678901234567890.10,"b":true,"list":["a",{"x":null}],"o":{"k":"\\u00e9"}}'
  expect(read(json)).toEqual([
    '1',
    '12345678901234567890.10',
    'true',
    '["a",{"x":null}]',
    '{"k":"\\u00e9"}',
  ])
})

test('properties are found whatever their case and place, and others are passed over', () => {
  const read = createCellReader(['ID', 'displayname'])
  expect(read('{"displayName":"a","id":"1"}')).toEqual(['1', 'a'])
  expect(read('{"x":{"id":"no"},"id":"2","displayName":"b"}')).toEqual(['2', 'b'])
  expect(read('{}')).toEqual([null, null])
})

test('reads what JSON.parse reads', () => {
  const columns = ['a', 'b', 'c', 'é"\\']
  const row = fc.dictionary(fc.constantFrom(...columns, 'other'), fc.jsonValue())
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
      const read = createCellReader(columns)
      for (const each of rows) {
        const json = JSON.stringify(each)
        const parsed = JSON.parse(json) as Record<string, unknown>
        expect(read(json)).toEqual(
          columns.map((column): Cell => {
            const value = parsed[column] ?? null
            if (value === null) return null
            return typeof value === 'string' ? value : JSON.stringify(value)
          }),
        )
      }
    }),
  )
})
