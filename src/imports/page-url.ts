import { collections, type CollectionName } from '../directory/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { RunOptions, WalkRecord } from './ports.ts'

/**
 * Builds the URL of the first page of a walk.
 *
 * @param refusedColumns Columns of the run that Graph does not give with this collection.
 */
export function firstPageUrl(
  options: RunOptions,
  walk: Pick<WalkRecord, 'collection' | 'filter'>,
  pageSize: number,
  refusedColumns: readonly string[] = [],
): string {
  const { asks } = collections[walk.collection]
  const columns = asks?.select ?? options.columns[walk.collection] ?? []
  const asked = columns.filter((column) => !refusedColumns.includes(column))
  return listUrl(options, walk, asked, pageSize)
}

/** Builds the URL of some rows of a collection with one property; asked for in advanced mode. */
export function sampleUrl(
  options: RunOptions,
  part: Pick<WalkRecord, 'collection' | 'filter'>,
  property: string,
): string {
  return listUrl(options, part, [property], 999)
}

/** Builds the URL of the first page of the list of objects whose relation is walked. */
export function firstListUrl(
  options: RunOptions,
  walk: Pick<WalkRecord, 'collection' | 'filter'>,
  pageSize: number,
): string {
  return listUrl(options, walk, ['id'], pageSize)
}

function listUrl(
  options: RunOptions,
  { collection, filter: part }: Pick<WalkRecord, 'collection' | 'filter'>,
  columns: readonly string[],
  pageSize: number,
): string {
  const { asks, maxPageSize, path } = collections[collection]
  const url = new URL(options.graphUrl + path)
  const query = [
    `$select=${columns.map(encodeURIComponent).join(',')}`,
    ...top(pageSize, maxPageSize),
  ]
  if (asks !== undefined) query.push(`$expand=${asks.expand}`)
  const filter = filterOf(options, part)
  if (filter !== undefined) {
    // A filtered walk in default mode is reported to lose its page token on page 2; advanced mode keeps it.
    query.push(`$filter=${encodeURIComponent(filter)}`, '$count=true')
  }
  url.search = query.join('&')
  return url.href
}

/** The page size as an option; none where Graph takes none. */
function top(pageSize: number, maximum: number | undefined): readonly string[] {
  return maximum === undefined ? [] : [`$top=${Math.min(pageSize, maximum)}`]
}

/** What the operator wants of a collection, and what one walk reads of that. */
function filterOf({ filter }: RunOptions, part: string | undefined): string | undefined {
  if (filter === undefined || part === undefined) return filter ?? part
  return `(${filter}) and (${part})`
}

/** Builds the URL of the first page of what an object leads to; Graph adds what each of them is. */
export function firstRelatedUrl(
  options: RunOptions,
  collection: CollectionName,
  sourceId: string,
  pageSize: number,
): string {
  const maximum = collections[collection].relation?.maxPageSize
  const query = ['$select=id', ...top(pageSize, maximum)].join('&')
  return `${relatedUrl(options, collection, sourceId)}?${query}`
}

function relatedUrl(options: RunOptions, collection: CollectionName, sourceId: string): string {
  const { path, relation } = collections[collection]
  if (relation === undefined) throw new Error(`${collection} are no relation`)
  return `${options.graphUrl}${path}/${encodeURIComponent(sourceId)}/${relation.segment}`
}

/** A part of what an object leads to: one type, and of that what a filter finds. */
export interface RelatedPart {
  readonly cast?: string
  readonly filter?: string
}

/** Builds the URL of the first page of such a part; asked for in advanced mode. */
export function firstPartUrl(
  options: RunOptions,
  collection: CollectionName,
  sourceId: string,
  part: RelatedPart,
  pageSize: number,
  column = 'id',
): string {
  const maximum = collections[collection].relation?.maxPageSize
  const query = [`$select=${column}`, ...top(pageSize, maximum), '$count=true', ...filtered(part)]
  return `${partUrl(options, collection, sourceId, part)}?${query.join('&')}`
}

/** Builds the URL of the `$count` of such a part, or of all that an object leads to. */
export function partCountUrl(
  options: RunOptions,
  collection: CollectionName,
  sourceId: string,
  part: RelatedPart,
): string {
  const query = filtered(part).map((filter) => `?${filter}`)
  return `${partUrl(options, collection, sourceId, part)}/$count${query.join('')}`
}

function partUrl(
  options: RunOptions,
  collection: CollectionName,
  sourceId: string,
  { cast }: RelatedPart,
): string {
  const segment = cast === undefined ? '' : `/microsoft.graph.${cast}`
  return `${relatedUrl(options, collection, sourceId)}${segment}`
}

function filtered({ filter }: RelatedPart): readonly string[] {
  return filter === undefined ? [] : [`$filter=${encodeURIComponent(filter)}`]
}

/** Headers of every page of a list: a filtered walk keeps its page token only in advanced mode. */
export function listHeaders(
  options: RunOptions,
  walk: Pick<WalkRecord, 'filter'>,
): Readonly<Record<string, string>> {
  const isFiltered = filterOf(options, walk.filter) !== undefined
  return isFiltered ? { consistencylevel: 'eventual' } : {}
}

/** Builds the URL of a collection's `$count`, under the same filter as the walk. */
export function countUrl(
  options: RunOptions,
  { collection, filter: part }: { readonly collection: CollectionName; readonly filter?: string },
): string {
  const url = new URL(`${options.graphUrl}${collections[collection].path}/$count`)
  const filter = filterOf(options, part)
  if (filter !== undefined) url.search = `$filter=${encodeURIComponent(filter)}`
  return url.href
}

/** Graph's links are below 2,000 characters; a cursor that no server takes would hold up the run. */
const longestLink = 16_384

/**
 * Returns the link if the token may be sent there: it must be an absolute URL of Graph's own
 * origin.
 *
 * @throws EvergrantError `next_link_foreign`; `graph_answer_invalid` when it is longer than 16 KiB
 *   or holds control characters
 */
export function checkNextLink(link: string, graphUrl: string): string {
  if (link.length > longestLink) {
    throw new EvergrantError(
      'graph_answer_invalid',
      `expected a next link of at most ${longestLink} characters, but the page carried one of ${link.length}`,
    )
  }
  // A browser's parser drops or encodes them; databases do not all keep them.
  if (/[\p{Cc}\p{Cs}]/u.test(link)) {
    throw new EvergrantError(
      'graph_answer_invalid',
      'expected a next link of plain characters, but the page carried one with control characters',
    )
  }
  const origin = new URL(graphUrl).origin
  const parsed = URL.parse(link)
  if (parsed?.origin === origin && parsed.username === '' && parsed.password === '') return link
  const seen = parsed === null ? 'something that is not a URL' : describeForeign(parsed, origin)
  throw new EvergrantError(
    'next_link_foreign',
    `expected a next link of ${origin}, but the page carried ${seen}`,
  )
}

function describeForeign(link: URL, origin: string): string {
  return link.origin === origin ? 'one with a user name or password' : `one of ${link.origin}`
}
