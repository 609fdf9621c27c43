import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { storedJson } from './stored-json.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await emptyDatabase()
})
afterAll(() => database.dispose())

test('what PostgreSQL cannot make a text of is replaced, and nothing else', () => {
  const kept = String.raw`{"a":"\\u0000","b":"\ud83d\ude00","c":"\u0001\"\\\\"}`
  expect(storedJson(kept)).toBe(kept)
  const refused = String.raw`{"a":"x\u0000y","b":"\uD83D","c":"\ude00\ud83d","d":"\\\u0000"}`
  expect(storedJson(refused)).toBe(
    String.raw`{"a":"x\ufffdy","b":"\ufffd","c":"\ufffd\ufffd","d":"\\\ufffd"}`,
  )
})

test('any text comes back from PostgreSQL, whatever it holds', async () => {
  const unit = fc.constantFrom(
    '\\',
    '"',
    'u',
    '0',
    '\0',
    '\u{1F600}',
    '\uD83D',
    '\uDE00',
    'a',
    '\n',
  )
  const texts = fc.sample(fc.string({ unit, maxLength: 12 }), 300)
  const given = texts.map((text) =>
    storedJson(JSON.stringify({ a: text }).replaceAll('\u{1F600}', String.raw`\ud83d\ude00`)),
  )
  const list = given.map((json) => `('${json.replaceAll("'", "''")}')`).join(', ')
  const rows = await database.query(
    `SELECT json::json ->> 'a' AS a FROM (VALUES ${list}) AS given (json)`,
  )
  expect(rows.map(({ a }) => a)).toEqual(
    texts.map((text) => text.toWellFormed().replaceAll('\0', '\uFFFD')),
  )
})
