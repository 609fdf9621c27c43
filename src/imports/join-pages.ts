import type { PageRows } from './ports.ts'
import type { ScannedPage } from './scan-page.ts'

/** Several pages as one, so that they are committed at once. */
export function joinPages(pages: readonly ScannedPage[]): ScannedPage {
  const [only] = pages
  if (only !== undefined && pages.length === 1) return only
  return {
    rows: joinRows(pages.map(({ rows }) => rows)),
    toNdjson: () => Buffer.concat(pages.map((page) => page.toNdjson())),
    release: () => {
      for (const page of pages) page.release()
    },
  }
}

/** The rows of several pages, in order. */
export function joinRows(pages: readonly PageRows[]): PageRows {
  const [only] = pages
  if (only !== undefined && pages.length === 1) return only
  /** Calls with the page a row stands in, and where in it. */
  const at = <T>(position: number, read: (page: PageRows, index: number) => T): T => {
    let index = position
    for (const page of pages) {
      if (index < page.length) return read(page, index)
      index -= page.length
    }
    throw new RangeError(`there is no row ${position}`)
  }
  const json = (position: number): string => at(position, (page, index) => page.json(index))
  const bytes = (page: PageRows, index: number): Uint8Array =>
    page.bytes?.(index) ?? Buffer.from(page.json(index))
  return {
    length: pages.reduce((sum, page) => sum + page.length, 0),
    ids: pages.flatMap(({ ids }) => ids),
    json,
    bytes: (position) => at(position, bytes),
  }
}
