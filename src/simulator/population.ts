import { putByte, putBytes, reserve, type ByteWriter } from './byte-writer.ts'
import {
  drawPerson,
  idOf,
  indexOfId,
  indexOfUserPrincipalName,
  redrawPerson,
  userPrincipalNameOf,
  type Person,
  type Population,
} from './person.ts'
import type { UserProperty } from './user-properties.ts'

/** The most bytes one row may take: 80 properties of at most 2 KiB. */
const rowRoom = 160 * 1024

/** Makes a writer that adds the row of an index as a JSON object, allocating nothing per row. */
export function createRowWriter(
  population: Population,
  properties: readonly UserProperty[],
): (index: number, out: ByteWriter) => void {
  const person = drawPerson(population, 0)
  const columns = properties.map((property, position) => ({
    opening: Buffer.from(`${position === 0 ? '{' : ','}"${property.name}":`),
    property,
  }))
  return (index, out) => {
    reserve(out, rowRoom)
    redrawPerson(person, population, index)
    if (person.change !== undefined) return writeChanged(person, properties, out)
    for (const { opening, property } of columns) {
      putBytes(out, opening)
      property.write(person, out)
    }
    putByte(out, 0x7d)
  }
}

/** The row of somebody who is not as drawn: few are, so that it may be slow. */
function writeChanged(person: Person, properties: readonly UserProperty[], out: ByteWriter): void {
  const values = properties.map(({ name, value }) => [name, value(person)] as const)
  const row = Buffer.from(JSON.stringify(Object.fromEntries(values)))
  reserve(out, row.length)
  putBytes(out, row)
}

/** Yields the rows below `count` as plain objects, the slow and obvious way: the ground truth. */
export function* rowsOf(
  population: Population,
  count: number,
  properties: readonly UserProperty[],
  deleted: ReadonlySet<number> = new Set(),
): Generator<Record<string, unknown>> {
  for (let index = 0; index < count; index++) {
    if (deleted.has(index)) continue
    const person = drawPerson(population, index)
    yield Object.fromEntries(properties.map(({ name, value }) => [name, value(person)]))
  }
}

/** Finds the person of an object id or userPrincipalName (any case), without a table. */
export function findPerson(
  population: Population,
  count: number,
  name: string,
): Person | undefined {
  const renamed = population.overlay?.byName.get(name.toLowerCase())
  const candidates = [indexOfId(population, name), renamed, indexOfUserPrincipalName(name)]
  for (const index of candidates) {
    if (index === undefined || index >= count) continue
    const person = drawPerson(population, index)
    const keys = [idOf(person), userPrincipalNameOf(person).toLowerCase()]
    if (keys.includes(name.toLowerCase())) return person
  }
  return undefined
}
