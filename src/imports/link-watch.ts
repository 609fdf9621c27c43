import { EvergrantError } from '../kernel/index.ts'
import { checkNextLink } from './page-url.ts'
import type { ScannedPage } from './scan-page.ts'
import type { Sent } from './send.ts'

/** Empty pages are legal; so many in a row are not a walk. */
const emptyPageLimit = 200

/** The refusals that end reading and that a walk recovers from. */
export type ReadRefusal = Exclude<Sent<ScannedPage>, { readonly kind: 'answer' }>

/** Sees that the links of one list lead somewhere: to Graph, and to an end. */
export interface LinkWatch {
  /**
   * The link behind a page, checked; undefined behind the last page.
   *
   * @throws EvergrantError `next_link_foreign`, `next_link_repeated`, `pages_endless`,
   *   `graph_answer_invalid`
   */
  follow(page: LinkedPage, url: string, number: number): string | undefined
}

/** What a watch needs to know of a page. */
interface LinkedPage {
  readonly rows: { readonly length: number }
  readonly nextLink?: string
}

/** Makes the watch of one list. */
export function createLinkWatch(collection: string, graphUrl: string): LinkWatch {
  let emptyPages = 0
  let milestone: string | undefined
  return {
    follow: (page, url, number) => {
      emptyPages = page.rows.length === 0 ? emptyPages + 1 : 0
      if (page.nextLink === undefined) return undefined
      const next = checkNextLink(page.nextLink, graphUrl)
      // Brent's way to see a cycle: compare with one remembered link, renewed ever more rarely.
      if (next === url || next === milestone) {
        throw new EvergrantError(
          'next_link_repeated',
          `page ${number} of ${collection} points to a page read before`,
        )
      }
      if (emptyPages > emptyPageLimit) {
        throw new EvergrantError(
          'pages_endless',
          `${emptyPages} pages of ${collection} in a row had no rows and yet a next link`,
        )
      }
      if (isPowerOfTwo(number)) milestone = next
      return next
    },
  }
}

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0
}
