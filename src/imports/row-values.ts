import { skipColon, skipSeparator, skipSpace, skipString, skipValue } from './json-bytes.ts'

/** The value of one cell: text, or null for what is null or absent. */
export type Cell = string | null

/** Reads the cells of one row. @param json The row, checked before by the page scanner. */
export type ReadCells = (json: string) => readonly Cell[]

/**
 * Makes a reader of rows for tables and CSV: a string is its text, a number or a boolean its JSON,
 * nested values are JSON text, null and absent are null. Values other than strings stay the
 * characters Graph sent: parsed and written anew, a long number would lose digits. Properties are
 * found whatever the case of their name, as Graph finds them.
 *
 * @param columns The columns, in the order of the cells.
 */
export function createCellReader(columns: readonly string[]): ReadCells {
  const positions = new Map(columns.map((column, position) => [column.toLowerCase(), position]))
  // Rows of a page nearly always have the same properties in the same order.
  let shape: (readonly [name: string, position: number | undefined])[] = []
  return (json) => {
    const body = Buffer.from(json)
    const cells = columns.map((): Cell => null)
    const passage = { sawLineBreak: false }
    let at = skipSpace(body, 1, passage)
    let more = body[at] !== 0x7d
    for (let property = 0; more; property++) {
      const behindName = skipString(body, at)
      const name = body.toString('utf8', at, behindName)
      let known = shape[property]
      if (known?.[0] !== name) {
        known = [name, positions.get((JSON.parse(name) as string).toLowerCase())]
        shape = [...shape.slice(0, property), known]
      }
      const from = skipColon(body, behindName, passage)
      const end = skipValue(body, from, passage, 2)
      if (known[1] !== undefined) cells[known[1]] = cellOf(body.toString('utf8', from, end))
      ;({ at, more } = skipSeparator(body, end, passage, 0x7d, '"," or "}"'))
    }
    return cells
  }
}

/** The cell of a JSON value. */
export function cellOf(value: string): Cell {
  if (value === 'null') return null
  if (!value.startsWith('"')) return value
  return value.includes('\\') ? (JSON.parse(value) as string) : value.slice(1, -1)
}
