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
  const json = (index: number): string => {
    let text = ''
    for (const [i, value] of cells(index).entries()) text += openings[i] + JSON.stringify(value)
    return `${text}}`
  }
  return {
    length: rows.length,
    keys: rows.map((row) => row.slice(0, keyLength).join('/')),
    json,
    toNdjson: () => Buffer.from(rows.map((_row, index) => `${json(index)}\n`).join('')),
    cells,
  }
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
