const lineFeed = 0x0a
const head = Buffer.from('{"value":[')
const tail = Buffer.from(']}')

/** Some whole lines of an NDJSON file. */
export interface NdjsonLines {
  /** The lines as they stand in the file. */
  readonly bytes: Buffer
  /** The lines as the body of a page, so that the page scanner reads them. */
  asPage(): Buffer
}

/** Cuts the first `byteCount` bytes of an NDJSON file into runs of whole lines, in flat memory. */
export async function* readNdjsonLines(
  chunks: AsyncIterable<Buffer>,
  byteCount: number,
): AsyncGenerator<NdjsonLines> {
  let remaining = byteCount
  let carried: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const data = Buffer.concat([carried, chunk.subarray(0, remaining)])
    remaining -= Math.min(chunk.length, remaining)
    const end = data.lastIndexOf(lineFeed)
    if (end >= 0) yield lines(data.subarray(0, end + 1))
    carried = data.subarray(end + 1)
    if (remaining === 0) break
  }
  if (carried.length > 0) yield lines(carried)
}

function lines(bytes: Buffer): NdjsonLines {
  return {
    bytes,
    asPage: () => {
      const text = bytes.at(-1) === lineFeed ? bytes.subarray(0, -1) : bytes
      const page = Buffer.concat([head, text, tail])
      // A line feed never stands inside a row: it would have to be escaped there.
      for (let at = page.indexOf(lineFeed); at >= 0; at = page.indexOf(lineFeed, at + 1)) {
        page[at] = 0x2c
      }
      return page
    },
  }
}
