import { err, ok, type Result } from '../kernel/index.ts'
import type { NdjsonLines } from './ndjson-lines.ts'
import type { PageDefect } from './scan-page.ts'

/** A row whose columns hold texts and nothing else, in their order. */
export type TextRow = readonly string[]

/** Such rows as destinations take them. */
export interface TextRows {
  readonly length: number
  /** What makes each row one. */
  readonly keys: readonly string[]
  json(index: number): string
  toNdjson(): Buffer
  cells(index: number): TextRow
}

/**
 * Makes rows of texts.
 *
 * @param columns Names of the columns.
 * @param keyLength How many columns, from the first on, make a row one.
 */
export function textRows(
  columns: readonly string[],
  keyLength: number,
  rows: readonly TextRow[],
): TextRows {
  const openings = columns.map((name, i) => `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`)
  const cells = (index: number): TextRow => {
    const row = rows[index]
    if (row === undefined) throw new RangeError(`there is no row ${index}`)
    return row
  }
  const lineOf = (row: TextRow): string => {
    let text = ''
    for (let i = 0; i < openings.length; i++) text += openings[i] + quoted(row[i] ?? '')
    return `${text}}`
  }
  return {
    length: rows.length,
    keys: rows.map((row) => keyOf(row, keyLength)),
    json: (index) => lineOf(cells(index)),
    toNdjson: () => {
      let text = ''
      for (const row of rows) text += `${lineOf(row)}\n`
      return Buffer.from(text)
    },
    cells,
  }
}

function keyOf(row: TextRow, length: number): string {
  let key = row[0] ?? ''
  for (let i = 1; i < length; i++) key += `/${row[i] ?? ''}`
  return key
}

/** A text as JSON; ids and types, which are most of them, need no escaping. */
function quoted(text: string): string {
  return /^[\w-]*$/.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** Reads lines that were written of such rows. */
export function readTextRows(
  lines: NdjsonLines,
  columns: readonly string[],
): Result<readonly TextRow[], PageDefect> {
  const rows: TextRow[] = []
  for (const line of lines.bytes.toString('utf8').split('\n')) {
    if (line === '') continue
    const row = readTextRow(line, columns)
    if (row === undefined) return err({ detail: `expected lines of ${columns.join(', ')}` })
    rows.push(row)
  }
  return ok(rows)
}

function readTextRow(line: string, columns: readonly string[]): TextRow | undefined {
  try {
    const parsed = JSON.parse(line) as Readonly<Record<string, unknown>>
    const values = columns.map((name) => parsed[name])
    return values.every((value) => typeof value === 'string') ? values : undefined
  } catch {
    return undefined
  }
}
