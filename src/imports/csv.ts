import type { CsvOptions } from './ports.ts'
import type { Cell } from './row-values.ts'

/** RFC 4180 with a comma, a header and no byte order mark. */
export const defaultCsv: CsvOptions = { header: true, delimiter: ',', bom: false }

/** Writes lines of CSV. */
export interface CsvWriter {
  /** What stands before the first row: byte order mark and header, as asked. */
  head(columns: readonly string[]): string
  cell(value: Cell): string
  readonly delimiter: string
  line(cells: readonly Cell[]): string
}

/**
 * Makes a writer of CSV (RFC 4180): lines end in CRLF; a cell that holds the delimiter, a quote or
 * a line break is quoted, quotes within doubled. A null is nothing between two delimiters, an empty
 * text is `""`, so that the two stay apart for readers that tell them apart. Cells are data as
 * Graph gave them: one that begins with `=`, `+`, `-` or `@` is not altered, though a spreadsheet
 * may take it for a formula.
 */
export function createCsvWriter({ header, delimiter, bom }: CsvOptions): CsvWriter {
  const needsQuotes = (text: string): boolean =>
    text === '' || text.includes(delimiter) || /["\r\n]/.test(text)
  const cell = (value: Cell): string => {
    if (value === null) return ''
    return needsQuotes(value) ? `"${value.replaceAll('"', '""')}"` : value
  }
  const line = (cells: readonly Cell[]): string => `${cells.map(cell).join(delimiter)}\r\n`
  return {
    head: (columns) => `${bom ? '\uFEFF' : ''}${header ? line(columns) : ''}`,
    line,
    cell,
    delimiter,
  }
}

/** What is wrong with a delimiter; undefined when nothing is. */
export function delimiterProblem(delimiter: string): string | undefined {
  if (/^[^"\r\n\uFEFF\p{Cs}]$/u.test(delimiter)) return undefined
  return `expected one character that is no quote and no line break, but saw ${JSON.stringify(delimiter)}`
}
