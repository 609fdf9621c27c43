import { expect, test } from 'vitest'
import { readTextRows, textRows } from './text-rows.ts'

const columns = ['groupId', 'ownerId', 'ownerType']
const rows = [
  ['a', 'b"\\', 'user'],
  ['ä/é', '\u2028', 'group'],
]

function linesOf(text: string): Parameters<typeof readTextRows>[0] {
  const bytes = Buffer.from(text)
  return { bytes, asPage: () => bytes }
}

test.each([
  ['no JSON', 'nonsense\n'],
  ['another collection', '{"userId":"a","managerId":"b"}\n'],
  ['a value that is no text', '{"groupId":"a","ownerId":7,"ownerType":"user"}\n'],
])('lines that hold %s are refused', (_name, text) => {
  expect(readTextRows(linesOf(text), columns).ok).toBe(false)
})

test('rows come back from the lines they were written as, whatever their texts hold', () => {
  const written = textRows(columns, 2, rows)
  const read = readTextRows(linesOf(written.toNdjson().toString()), columns)
  expect(read).toEqual({ ok: true, value: rows })
  expect(rows.map((_row, index) => JSON.parse(written.json(index)) as unknown)).toEqual(
    rows.map(([groupId, ownerId, ownerType]) => ({ groupId, ownerId, ownerType })),
  )
})

test('the first columns alone make a row one', () => {
  expect(textRows(columns, 2, rows).keys).toEqual(['a/b"\\', 'ä/é/\u2028'])
  expect(textRows(columns, 1, rows).keys).toEqual(['a', 'ä/é'])
})
