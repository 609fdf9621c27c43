import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createByteWriter, written } from './byte-writer.ts'
import { mix, unmix } from './mixing.ts'
import { drawPerson, idOf, userPrincipalNameOf } from './person.ts'
import { createRowWriter, findPerson, rowsOf } from './population.ts'
import { userProperty, userPropertyNames, type UserProperty } from './user-properties.ts'

const population = { seed: 7, domain: 'contoso.example' }
const all = userPropertyNames.map((name) => userProperty(name) as UserProperty)
const count = 5_000

test('nobody is found under an id or name that no row has', () => {
  expect(findPerson(population, count, '00000000-0000-4000-8000-000000000000')).toBeUndefined()
  expect(findPerson(population, count, 'anna.nobody1@contoso.example')).toBeUndefined()
  const beyond = idOf(drawPerson(population, count))
  expect(findPerson(population, count, beyond)).toBeUndefined()
})

test('mixing loses nothing', () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), (x) => {
      expect(unmix(mix(x))).toBe(x)
    }),
  )
})

test('every person is found again by id and by name, whatever the seed', () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), fc.nat(1_600_000 - 1), (seed, index) => {
      const people = { seed, domain: 'contoso.example' }
      const person = drawPerson(people, index)
      expect(findPerson(people, 1_600_000, idOf(person))?.index).toBe(index)
      const name = userPrincipalNameOf(person).toUpperCase()
      expect(findPerson(people, 1_600_000, name)?.index).toBe(index)
    }),
  )
})

test('the JSON of a row reads as the ground truth', () => {
  const text = rowText()
  let index = 0
  for (const row of rowsOf(population, count, all)) {
    expect(JSON.parse(text(index++))).toEqual(row)
  }
  expect(index).toBe(count)
})

test('ids and names are unique, and names stay within the alphabet Entra allows', () => {
  const people = Array.from({ length: 50_000 }, (_, index) => drawPerson(population, index))
  expect(new Set(people.map(idOf)).size).toBe(people.length)
  const names = people.map((person) => userPrincipalNameOf(person).toLowerCase())
  expect(new Set(names).size).toBe(people.length)
  for (const name of names) expect(name).toMatch(/^[a-z0-9'.\-_!#^~]+@contoso\.example$/)
})

test('another seed gives other people', () => {
  const other = { ...population, seed: 8 }
  expect(idOf(drawPerson(other, 1))).not.toBe(idOf(drawPerson(population, 1)))
})

test('the mix is that of a real directory', () => {
  const rows = [...rowsOf(population, count, all)]
  const share = (match: (row: Record<string, unknown>) => boolean): number =>
    rows.filter(match).length / rows.length
  expect(share((row) => row['userType'] === 'Guest')).toBeCloseTo(0.12, 1)
  expect(share((row) => row['accountEnabled'] === false)).toBeCloseTo(0.06, 1)
  expect(share((row) => row['mail'] === null)).toBeGreaterThan(0.02)
  expect(share((row) => row['createdDateTime'] === null)).toBeGreaterThan(0)
  const text = JSON.stringify(rows)
  for (const piece of ['#EXT#', '\\"', '\\\\', '\\t', 'ü', '王', '🎓', "o'brien"]) {
    expect(text).toContain(piece)
  }
  const read = rowText()
  const pages = Array.from({ length: 200 }, (_, index) => read(index)).join('\n')
  expect(pages).toMatch(/\\u[0-9a-f]{4}/)
})

function rowText(): (index: number) => string {
  const write = createRowWriter(population, all)
  return (index) => {
    const out = createByteWriter(1_000)
    write(index, out)
    return written(out).toString('utf8')
  }
}
