import { EvergrantError } from '../kernel/index.ts'
import { checkNextLink } from './page-url.ts'
import { createReadAhead, type ReadAhead } from './read-ahead.ts'
import type { ScannedPage } from './scan-page.ts'
import type { Sent } from './send.ts'

/** Empty pages are legal; so many in a row are not a walk. */
const emptyPageLimit = 200

/** A page that was read, and where the next one is. */
export interface ReadPage {
  readonly page: ScannedPage
  /** Undefined behind the last page. */
  readonly nextUrl?: string
  readonly fetchMs: number
  readonly wireBytes: number
  /** Remaining life of the token when the page had come. */
  readonly tokenLifeMs: number
}

/** The refusals that end reading and that a walk recovers from. */
export type ReadRefusal = Exclude<Sent<ScannedPage>, { readonly kind: 'answer' }>

/** Reads the pages of one walk, one after the other; undefined is the end behind the last page. */
export type PageReader = ReadAhead<ReadPage, ReadRefusal | undefined>

/** Where reading begins and how far it may go ahead. */
export interface ReadOptions {
  readonly collection: string
  readonly url: string
  /** Number of the first page to read, from 1. */
  readonly number: number
  readonly graphUrl: string
  /** Pages kept in memory at most, the one on its way not counted. */
  readonly ahead: number
}

/** Begins to read. @param fetch Sends for one page until it is answered. */
export function createPageReader(
  options: ReadOptions,
  fetch: (url: string, number: number) => Promise<Sent<ScannedPage>>,
): PageReader {
  const { collection, graphUrl } = options
  return createReadAhead(options.ahead, async (push) => {
    let { url, number } = options
    const watch = createLinkWatch(collection, graphUrl)
    for (;;) {
      const sent = await fetch(url, number)
      if (sent.kind !== 'answer') return sent
      const page = sent.value
      const next = watch.follow(page, url, number)
      await push({
        page,
        ...(next === undefined ? {} : { nextUrl: next }),
        fetchMs: sent.fetchMs,
        wireBytes: sent.answer.wireBytes,
        tokenLifeMs: sent.tokenLifeMs,
      })
      if (next === undefined) return undefined
      url = next
      number++
    }
  })
}

/** Sees that the links of one list lead somewhere: to Graph, and to an end. */
export interface LinkWatch {
  /**
   * The link behind a page, checked; undefined behind the last page.
   *
   * @throws EvergrantError `next_link_foreign`, `next_link_repeated`, `pages_endless`,
   *   `graph_answer_invalid`
   */
  follow(page: ScannedPage, url: string, number: number): string | undefined
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
