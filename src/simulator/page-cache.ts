import type { Answer } from './answer.ts'
import { compressBody } from './deliver.ts'

/** A page as it was sent, ready to be sent again. */
export type CachedPage = Pick<Answer, 'body' | 'gzipped' | 'rows'>

/** Encoded pages by what was asked; forgets everything when anything that shapes pages changes. */
export interface PageCache {
  readonly isOn: boolean
  get(key: string): CachedPage | undefined
  /** Keeps a page, unless the bound is reached, and returns it as it is to be sent. */
  keep(key: string, page: { readonly body: Buffer; readonly rows: number }): CachedPage
  clear(): void
}

/** Most bytes of plain bodies kept; compressed ones come on top, at about a fifth. */
const maximumBytes = 512 * 1024 * 1024

/** Makes a cache; one that is off keeps nothing. */
export function createPageCache(isOn: boolean): PageCache {
  const pages = new Map<string, CachedPage>()
  let bytes = 0
  return {
    isOn,
    get: (key) => pages.get(key),
    keep: (key, page) => {
      if (!isOn || bytes + page.body.length > maximumBytes) return page
      bytes += page.body.length
      // A copy of its own: the writer's memory is larger than what it wrote.
      const body = Buffer.from(page.body)
      const kept = { body, rows: page.rows, gzipped: once(() => compressBody(body)) }
      pages.set(key, kept)
      return kept
    },
    clear: () => {
      pages.clear()
      bytes = 0
    },
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
