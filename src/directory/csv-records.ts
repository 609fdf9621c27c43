/** A record of a CSV file, and the line it begins on. */
export interface CsvRecord {
  readonly line: number
  readonly cells: readonly string[]
}

/**
 * Reads CSV (RFC 4180): records end with LF or CRLF, cells are parted by commas and may stand in
 * quotes. Lines without anything are left out. A quote that is never closed takes the rest of the
 * text as its cell, `isOpen` then.
 */
export function readCsv(text: string): { readonly records: readonly CsvRecord[]; isOpen: boolean } {
  const records: CsvRecord[] = []
  const source = text.replace(/^\uFEFF/, '')
  let line = 1
  let at = 0
  let isOpen = false
  const stop = /[,\n]|$/g

  const readQuoted = (): string => {
    let cell = ''
    for (at++; ; at++) {
      const end = source.indexOf('"', at)
      const part = source.slice(at, end < 0 ? undefined : end)
      line += part.split('\n').length - 1
      cell += part
      if (end < 0) {
        isOpen = true
        at = source.length
        return cell
      }
      at = end + 1
      if (source[at] !== '"') return cell
      cell += '"'
    }
  }

  while (at < source.length) {
    const record = { line, cells: [] as string[] }
    for (;;) {
      const quoted = source[at] === '"' ? readQuoted() : ''
      stop.lastIndex = at
      const end = stop.exec(source)?.index ?? source.length
      record.cells.push(quoted + source.slice(at, end).replace(/\r$/, ''))
      at = end + 1
      if (source[end] !== ',') break
    }
    line++
    if (record.cells.length > 1 || record.cells[0] !== '') records.push(record)
  }
  return { records, isOpen }
}
