import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createIdSet, type IdSet } from './id-set.ts'

const newSet = (): IdSet => createIdSet((id) => createHash('sha256').update(id).digest())

test('counts distinct ids and finds the last line of each, like a map would', () => {
  const id = fc.oneof(fc.uuid(), fc.nat(40).map(String), fc.string())
  fc.assert(
    fc.property(fc.array(id, { maxLength: 300 }), (ids) => {
      const set = newSet()
      const last = new Map<string, number>()
      for (const [line, one] of ids.entries()) {
        expect(set.add(one)).toBe(!last.has(one))
        last.set(one, line)
      }
      expect(set.size).toBe(last.size)
      expect(set.lines).toBe(ids.length)
      for (const [line, one] of ids.entries()) {
        expect(set.isLast(one, line)).toBe(last.get(one) === line)
      }
    }),
  )
})

test('keeps ids apart that differ in one digit only, however many there are', () => {
  const set = newSet()
  const count = 200_000
  for (let i = 0; i < count; i++) {
    set.add(`00000000-0000-0000-0000-${i.toString(16).padStart(12, '0')}`)
  }
  expect(set.size).toBe(count)
  expect(set.add('00000000-0000-0000-0000-000000000000')).toBe(false)
})

test('finds the last line of an id that is repeated, however many came since', () => {
  const set = newSet()
  const count = 140_000
  const idOf = (i: number): string => `key ${i}`
  const repeated = [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, count - 1]
  for (let i = 0; i < count; i++) set.add(idOf(i))
  for (const i of repeated) expect(set.add(idOf(i))).toBe(false)
  expect({ size: set.size, lines: set.lines }).toEqual({
    size: count,
    lines: count + repeated.length,
  })
  for (const [at, i] of repeated.entries()) {
    expect(set.isLast(idOf(i), i)).toBe(false)
    expect(set.isLast(idOf(i), count + at)).toBe(true)
  }
  expect(set.isLast(idOf(65_538), 65_538)).toBe(true)
  expect(set.has(idOf(count))).toBe(false)
})

test('takes a GUID for the same in either case, as the store does', () => {
  const set = newSet()
  set.add('0199a1c2-aaaa-7bbb-8ccc-ddddeeeeffff')
  expect(set.add('0199A1C2-AAAA-7BBB-8CCC-DDDDEEEEFFFF')).toBe(false)
  expect(set.add('KEY-of-another-kind')).toBe(true)
  expect(set.add('key-of-another-kind')).toBe(true)
})

test('knows nothing of ids it never met', () => {
  expect(newSet().isLast('x', 0)).toBe(false)
})
