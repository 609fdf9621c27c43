import type { Answer } from './answer.ts'

/** A page as it was sent, ready to be sent again. */
export type CachedPage = Pick<Answer, 'body' | 'gzipped' | 'rows'>

/** Encoded pages by what was asked; forgets everything when anything that shapes pages changes. */
export interface PageCache {
  readonly isOn: boolean
  get(key: string): CachedPage | undefined
  /** Keeps a page, unless the bound is reached. */
  set(key: string, page: CachedPage): void
  clear(): void
}

/** Most bytes of plain bodies kept. */
const maximumBytes = 512 * 1024 * 1024

/** Makes a cache; one that is off keeps nothing. */
export function createPageCache(isOn: boolean): PageCache {
  const pages = new Map<string, CachedPage>()
  let bytes = 0
  return {
    isOn,
    get: (key) => pages.get(key),
    set: (key, page) => {
      if (!isOn || bytes + page.body.length > maximumBytes) return
      bytes += page.body.length
      pages.set(key, page)
    },
    clear: () => {
      pages.clear()
      bytes = 0
    },
  }
}
