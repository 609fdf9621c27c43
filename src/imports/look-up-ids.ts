import { collections } from '../directory/index.ts'
import { isEvergrantError, type EvergrantError } from '../kernel/index.ts'
import { atOnce, piecesOf } from './at-once.ts'
import type { WalkDependencies } from './commit-step.ts'
import { joinPages } from './join-pages.ts'
import { createLinkWatch } from './link-watch.ts'
import type { CollectionRecord, RunOptions } from './ports.ts'
import { createPageScanner, type ScannedPage } from './scan-page.ts'
import { send, type SendDependencies } from './send.ts'

/** Graph takes so many values behind `in`. */
const idsPerRequest = 15
/** Requests sent at the same time; the pacer may hold some of them back. */
const requestsAtOnce = 8

/** What objects are now, in the shape in which a list gives them. */
export interface LookedUp {
  readonly page: ScannedPage
  /** Ids that Graph does not list any more. */
  readonly missing: readonly string[]
}

type Headers = Readonly<Record<string, string>>

/** Reads objects of one collection by their ids, with the run's columns. */
export type LookUpIds = (ids: readonly string[]) => Promise<LookedUp>

/**
 * Makes the look-up of a run's collection: lists filtered by id, fifteen at a time, in the default
 * query mode, which reads the directory and not an index that follows it. Where Graph refuses such
 * a filter, each object is asked for by itself, from then on.
 *
 * Of a filtered run it finds what the run's own filter finds. Where that takes the advanced mode it
 * is asked in that; refused there as well, the refusal is thrown, since an object by itself does
 * not tell whether it belongs.
 */
export function createIdLookUp(
  deps: SendDependencies & Pick<WalkDependencies, 'seal'>,
  options: RunOptions,
  record: Pick<CollectionRecord, 'collection' | 'refusedColumns'>,
): LookUpIds {
  const { collection, refusedColumns = [] } = record
  const columns = options.columns[collection] ?? []
  const asked = columns.filter((column) => !refusedColumns.includes(column))
  const scan = createPageScanner(columns, deps.seal)
  const base = options.graphUrl + collections[collection].path
  const select = `$select=${asked.map(encodeURIComponent).join(',')}`
  const place = { collection, page: 0 }
  const { filter } = options
  let isFilterRefused = false
  let isAdvanced = false

  async function fetch(url: string, headers: Headers): Promise<ScannedPage> {
    const sent = await send(deps, url, headers, place, ({ body }) => scan(body))
    if (sent.kind !== 'answer') throw sent.error
    return sent.value
  }

  async function byFilter(
    ids: readonly string[],
    inAdvanced: boolean,
  ): Promise<readonly ScannedPage[]> {
    const quoted = ids.map((id) => `'${id.replaceAll("'", "''")}'`).join(',')
    const watch = createLinkWatch(collection, options.graphUrl)
    const named = `id in (${quoted})`
    const wanted = filter === undefined ? named : `${named} and (${filter})`
    const counted = inAdvanced ? '&$count=true' : ''
    const headers: Headers = inAdvanced ? { consistencylevel: 'eventual' } : {}
    let url: string | undefined =
      `${base}?${select}&$filter=${encodeURIComponent(wanted)}${counted}`
    const pages: ScannedPage[] = []
    while (url !== undefined) {
      const page: ScannedPage = await fetch(url, headers)
      pages.push(page)
      url = watch.follow(page, url, pages.length)
    }
    return pages
  }

  async function alone(id: string): Promise<readonly ScannedPage[]> {
    const url = `${base}/${encodeURIComponent(id)}?${select}`
    try {
      const sent = await send(deps, url, {}, place, ({ body }) => scan(asPage(body)))
      if (sent.kind !== 'answer') throw sent.error
      return [sent.value]
    } catch (error) {
      if (isEvergrantError(error) && error.upstream?.status === 404) return []
      throw error
    }
  }

  async function some(ids: readonly string[]): Promise<readonly ScannedPage[]> {
    if (!isFilterRefused) {
      const inAdvanced = isAdvanced
      try {
        return await byFilter(ids, inAdvanced)
      } catch (error) {
        if (!isEvergrantError(error) || !isAboutFilter(error)) throw error
        if (filter !== undefined) {
          if (inAdvanced) throw error
          isAdvanced = true
          return await byFilter(ids, true)
        }
        isFilterRefused = true
      }
    }
    const pages: ScannedPage[] = []
    for (const id of ids) pages.push(...(await alone(id)))
    return pages
  }

  return async (ids) => {
    const found = await atOnce(requestsAtOnce, piecesOf(ids, idsPerRequest), some)
    const page = joinPages(found.flat())
    const known = new Set(page.rows.ids.map(sameId))
    return { page, missing: ids.filter((id) => !known.has(sameId(id))) }
  }
}

/** For finding an id in an answer: GUIDs are one whatever their case (RFC 9562 section 4). */
export function sameId(id: string): string {
  return id.toLowerCase()
}

/** Tells whether Graph refused a look-up for the filter it was asked with. */
export function isAboutFilter({ code, upstream }: EvergrantError): boolean {
  return code === 'graph_request_rejected' && upstream?.status === 400
}

/** An object as the page of one row, for the same reading as every other row. */
function asPage(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from('{"value":['), body, Buffer.from(']}')])
}
