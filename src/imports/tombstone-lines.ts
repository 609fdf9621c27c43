/** Stands in no line of rows: a quote inside a text would be escaped, and rows are not annotated. */
const mark = Buffer.from('"@removed":')
const lineFeed = 0x0a

/** The line of a segment that takes back whatever earlier lines say of an object. */
export function tombstoneLine(id: string): string {
  return `{"id":${JSON.stringify(id)},"@removed":true}\n`
}

/**
 * The line of a segment that takes back all edges of a source that earlier lines hold.
 *
 * @param columns Of the edges, in their order: the source, then what it leads to.
 */
export function sourceTombstoneLine(columns: readonly string[], sourceId: string): string {
  const cells = columns.map((name, i) => [name, i === 0 ? sourceId : ''] as const)
  return `${JSON.stringify({ ...Object.fromEntries(cells), '@removed': true })}\n`
}

/** Which of some whole lines, by their number from 0, are tombstones. */
export function tombstonesIn(lines: Buffer): ReadonlySet<number> {
  const found = new Set<number>()
  let line = 0
  let counted = 0
  for (let at = lines.indexOf(mark); at >= 0; at = lines.indexOf(mark, at + 1)) {
    for (; counted < at; counted++) if (lines[counted] === lineFeed) line++
    found.add(line)
  }
  return found
}
