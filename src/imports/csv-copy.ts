import type { CsvWriter } from './csv.ts'
import { skipColon, skipSeparator, skipSpace, skipString, skipValue } from './json-bytes.ts'
import { cellOf } from './row-values.ts'

/** Writes rows as lines of CSV without making texts of what can be copied as it is. */
export interface CsvCopier {
  /** Appends the line of a row. @param json The row as UTF-8, checked before by the page scanner. */
  row(json: Uint8Array): void
  /** The lines since the last call; overwritten by the next row. */
  take(): Buffer
}

const [quote, backslash] = [0x22, 0x5c]
const [startOfRow, endOfRow] = [0x7b, 0x7d]
/** What a line needs besides its cells: its end, and for each cell two quotes and a delimiter. */
const [lineEnd, roundCell] = [2, 6]

/**
 * Makes a copier that writes what `csv` writes of the same cells. Nearly all values stand in a line
 * as they stand in Graph's JSON; the rest, those with an escape, a delimiter or nesting, become a
 * text first.
 *
 * @param lead The first cell of every line.
 * @param columns The columns behind it, in order.
 */
export function createCsvCopier(
  csv: CsvWriter,
  lead: string,
  columns: readonly string[],
): CsvCopier {
  const positions = new Map(columns.map((column, position) => [column.toLowerCase(), position]))
  const first = Buffer.from(csv.cell(lead))
  const delimiter = Buffer.from(csv.delimiter)
  const isPlain = plainBytes(delimiter)
  const froms = new Int32Array(columns.length)
  const ends = new Int32Array(columns.length)
  let shape: { readonly name: Buffer; readonly position: number | undefined }[] = []
  let lines = Buffer.allocUnsafe(1 << 20)
  let size = 0

  /** Notes where the value of each column stands. */
  const find = (json: Uint8Array): void => {
    froms.fill(0)
    const passage = { sawLineBreak: false }
    let at = skipSpace(json, 1, passage)
    let more = json[0] === startOfRow && json[at] !== endOfRow
    for (let property = 0; more; property++) {
      let known = shape[property]
      if (known === undefined || !startsWith(json, at, known.name))
        known = learn(json, at, property)
      const from = skipColon(json, at + known.name.length, passage)
      const end = skipValue(json, from, passage, 2)
      if (known.position !== undefined) {
        froms[known.position] = from
        ends[known.position] = end
      }
      ;({ at, more } = skipSeparator(json, end, passage, endOfRow, '"," or "}"'))
    }
  }
  /** Rows of a page nearly always have the same properties in the same order. */
  const learn = (json: Uint8Array, at: number, property: number): (typeof shape)[number] => {
    const name = Buffer.from(json.subarray(at, skipString(json, at)))
    const position = positions.get((JSON.parse(name.toString()) as string).toLowerCase())
    const known = { name, position }
    shape = [...shape.slice(0, property), known]
    return known
  }
  const copy = (bytes: Uint8Array, from: number, end: number): void => {
    // Cells are short: a loop is done before a call would have begun.
    for (let at = from; at < end; at++) lines[size++] = bytes[at] ?? 0
  }
  const cell = (json: Uint8Array, from: number, end: number): void => {
    const isText = json[from] === quote
    const [start, stop] = isText ? [from + 1, end - 1] : [from, end]
    const before = size
    let at = start
    while (at < stop && isPlain[json[at] ?? 0] === 1) lines[size++] = json[at++] ?? 0
    if (at === stop && start < stop) return
    size = before
    const value = Buffer.from(json.buffer, json.byteOffset + from, end - from).toString()
    size += lines.write(csv.cell(cellOf(value)), size)
  }
  const makeRoom = (bytes: number): void => {
    if (size + bytes <= lines.length) return
    const wider = Buffer.allocUnsafe(Math.max(lines.length * 2, size + bytes))
    lines.copy(wider, 0, 0, size)
    lines = wider
  }
  return {
    row: (json) => {
      find(json)
      // Quotes within a cell are doubled.
      makeRoom(first.length + json.length * 2 + columns.length * roundCell + lineEnd)
      copy(first, 0, first.length)
      for (let position = 0; position < columns.length; position++) {
        copy(delimiter, 0, delimiter.length)
        const from = froms[position] ?? 0
        // A null is nothing.
        if (from > 0 && json[from] !== 0x6e) cell(json, from, ends[position] ?? 0)
      }
      lines[size++] = 0x0d
      lines[size++] = 0x0a
    },
    take: () => {
      const taken = lines.subarray(0, size)
      size = 0
      return taken
    },
  }
}

/** Bytes that mean in a cell what they mean in JSON, whatever stands beside them. */
function plainBytes(delimiter: Uint8Array): Uint8Array {
  const plain = new Uint8Array(256).fill(1, 0x20)
  for (const byte of [quote, backslash, ...delimiter]) plain[byte] = 0
  return plain
}

function startsWith(bytes: Uint8Array, at: number, start: Uint8Array): boolean {
  for (let i = 0; i < start.length; i++) if (bytes[at + i] !== start[i]) return false
  return true
}
