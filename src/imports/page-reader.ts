import { EvergrantError } from '../kernel/index.ts'
import { checkNextLink } from './page-url.ts'
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

/** Reads the pages of one walk, one after the other, ahead of those who write them. */
export interface PageReader {
  /**
   * Resolves with the pages that have come, in order: at least one, at most `limit`. What ended the
   * reading, a refusal or an error that is thrown, comes after every page read before it.
   */
  take(limit: number): Promise<readonly ReadPage[] | ReadRefusal>
}

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
  const ready: ReadPage[] = []
  let ending: { readonly refusal: ReadRefusal } | { readonly error: unknown } | undefined
  let news = Promise.withResolvers<void>()
  let room = Promise.withResolvers<void>()
  void read()

  return {
    take: async (limit) => {
      if (ready.length === 0 && ending === undefined) await news.promise
      if (ready.length > 0) {
        const pages = ready.splice(0, limit)
        room.resolve()
        return pages
      }
      if (ending !== undefined && 'refusal' in ending) return ending.refusal
      throw ending?.error as Error
    },
  }

  /** Never rejects: how reading ended is kept for whoever takes. */
  async function read(): Promise<void> {
    try {
      let { url, number } = options
      let emptyPages = 0
      let milestone: string | undefined
      for (;;) {
        const sent = await fetch(url, number)
        if (sent.kind !== 'answer') {
          ending = { refusal: sent }
          return
        }
        const page = sent.value
        emptyPages = page.rows.length === 0 ? emptyPages + 1 : 0
        const next = page.nextLink === undefined ? undefined : checked(page.nextLink)
        // Brent's way to see a cycle: compare with one remembered link, renewed ever more rarely.
        if (next !== undefined && (next === url || next === milestone)) {
          throw new EvergrantError(
            'next_link_repeated',
            `page ${number} of ${collection} points to a page read before`,
          )
        }
        if (next !== undefined && emptyPages > emptyPageLimit) {
          throw new EvergrantError(
            'pages_endless',
            `${emptyPages} pages of ${collection} in a row had no rows and yet a next link`,
          )
        }
        ready.push({
          page,
          ...(next === undefined ? {} : { nextUrl: next }),
          fetchMs: sent.fetchMs,
          wireBytes: sent.answer.wireBytes,
          tokenLifeMs: sent.tokenLifeMs,
        })
        tell()
        if (next === undefined) return
        if (isPowerOfTwo(number)) milestone = next
        url = next
        number++
        while (ready.length >= options.ahead) {
          room = Promise.withResolvers()
          await room.promise
        }
      }
    } catch (error) {
      ending = { error }
    } finally {
      tell()
    }
  }

  function checked(link: string): string {
    return checkNextLink(link, graphUrl)
  }

  function tell(): void {
    news.resolve()
    news = Promise.withResolvers()
  }
}

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0
}
