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
  const places = pages.flatMap((page) => page.ids.map((_id, index) => ({ page, index })))
  const at = (position: number): { readonly page: PageRows; readonly index: number } => {
    const place = places[position]
    if (place === undefined) throw new RangeError(`there is no row ${position}`)
    return place
  }
  const json = (position: number): string => {
    const { page, index } = at(position)
    return page.json(index)
  }
  return {
    length: places.length,
    ids: pages.flatMap(({ ids }) => ids),
    json,
    bytes: (position) => {
      const { page, index } = at(position)
      return page.bytes?.(index) ?? Buffer.from(page.json(index))
    },
  }
}
