import { collections, type CollectionName } from '../directory/index.ts'
import { isEvergrantError, type EvergrantError } from '../kernel/index.ts'
import { cutBy } from './cut-by.ts'
import { readDeltaPage, type DeltaPage } from './delta-page.ts'
import { deltaResets, type DeltaReset } from './delta-reset.ts'
import { restartLimit } from './commit-step.ts'
import { filterColumns } from './filter-columns.ts'
import { isUntracked } from './kept-link.ts'
import { createLinkWatch } from './link-watch.ts'
import { checkNextLink } from './page-url.ts'
import type { DeltaPlace, DeltaRecord, RunOptions, RunRecord } from './ports.ts'
import { sendForDelta, type SendDependencies } from './send.ts'

/** A page of a round, and where reading goes on: within the round, or with the next one. */
export interface RoundPage extends Pick<DeltaPage, 'changed' | 'removed'> {
  readonly number: number
  /** The next page of this round; undefined behind the last. */
  readonly nextUrl?: string
  /** Where the next round begins; present behind the last page. */
  readonly deltaLink?: string
  readonly fetchMs: number
  readonly wireBytes: number
  readonly tokenLifeMs: number
}

/** Graph does not say any more what has changed. */
export interface RoundReset {
  readonly kind: 'reset'
  readonly reason: DeltaReset
  /** For people. */
  readonly detail: string
}

/** Graph does not tell changes of some columns. */
export interface RoundRefusal {
  readonly kind: 'columns_refused'
  readonly columns: readonly string[]
  /** For people. */
  readonly detail: string
}

/** Where reading goes on. */
export interface RoundPlace {
  /** Where the round begins. */
  readonly link: string
  /** The page to read next, when it is not the first. */
  readonly nextUrl?: string
  /** Of the page read next, from 1. */
  readonly number: number
}

/** Reads a round of a delta, page by page, from a link that Graph gave. */
export interface DeltaRound {
  /** @throws EvergrantError what no waiting mends; `next_link_foreign` */
  next(): Promise<RoundPage | RoundReset | RoundRefusal | undefined>
}

/**
 * Begins to read a round. Links are kept whole and followed only to Graph's own origin. A round
 * that goes in circles, or on without end, is a reset like the ones that Graph announces: the same
 * link would lead there again. When only the place within the round has perished, the round is read
 * again from where it began: that changes nothing twice.
 */
export function createDeltaRound(
  deps: SendDependencies,
  collection: CollectionName,
  graphUrl: string,
  from: RoundPlace,
): DeltaRound {
  let watch = createLinkWatch(`the delta of ${collection}`, graphUrl)
  let url: string | undefined = from.nextUrl ?? from.link
  let { number } = from
  let restarts = 0
  return {
    next: async () => {
      while (url !== undefined) {
        const asked: string = checkNextLink(url, graphUrl)
        const place = { collection, page: number }
        const sent = await sendForDelta(deps, asked, {}, place, ({ body }) => readDeltaPage(body))
        if (sent.kind === 'delta_reset') return reset(sent.reason, sent.error)
        if (
          sent.kind === 'page_token_expired' &&
          asked !== from.link &&
          restarts++ < restartLimit
        ) {
          url = from.link
          watch = createLinkWatch(`the delta of ${collection}`, graphUrl)
          continue
        }
        if (sent.kind === 'page_token_expired') return reset('token_expired', sent.error)
        if (sent.kind === 'columns_refused') {
          return { kind: sent.kind, columns: sent.columns, detail: sent.error.detail }
        }
        if (sent.kind !== 'answer') throw sent.error
        const { nextLink, deltaLink, changed, removed } = sent.value
        const rows = { length: changed.length + removed.length }
        let behind: string | undefined
        try {
          const linked = { rows, ...(nextLink === undefined ? {} : { nextLink }) }
          behind = watch.follow(linked, asked, number)
        } catch (error) {
          if (!isEvergrantError(error) || !leadsNowhere(error)) throw error
          return reset('never_ends', error)
        }
        url = behind
        const page: RoundPage = {
          number: number++,
          changed,
          removed,
          fetchMs: sent.fetchMs,
          wireBytes: sent.answer.wireBytes,
          tokenLifeMs: sent.tokenLifeMs,
          ...(behind === undefined ? {} : { nextUrl: behind }),
          ...(behind === undefined && deltaLink !== undefined
            ? { deltaLink: checkNextLink(deltaLink, graphUrl) }
            : {}),
        }
        return page
      }
      return undefined
    },
  }
}

/** A link to what will have changed from now on, or why there is none. */
export type TakenLink =
  | {
      readonly kind: 'taken'
      readonly link: string
      /** Columns whose changes it tells. */
      readonly tells: readonly string[]
      /** Columns whose changes it does not tell, as Graph knows no such, or not by delta. */
      readonly without: readonly string[]
    }
  | { readonly kind: 'refused'; readonly detail: string }

/** Goes on with a round from the page at which its record stands; `begin` is where it began. */
export function resumeRound(
  deps: SendDependencies & { readonly run: RunRecord },
  collection: CollectionName,
  { nextUrl, pages }: DeltaRecord,
  { link }: DeltaPlace,
): DeltaRound {
  const place = { link, number: pages + 1, ...(nextUrl === undefined ? {} : { nextUrl }) }
  return createDeltaRound(deps, collection, deps.run.options.graphUrl, place)
}

/**
 * Asks Graph for a delta link that begins now: a round read from it later tells what has changed
 * meanwhile in the columns that `changeColumns` names.
 */
export async function takeDeltaLink(
  deps: SendDependencies,
  options: RunOptions,
  collection: CollectionName,
): Promise<TakenLink> {
  const { deltaPath } = collections[collection]
  if (deltaPath === undefined) return refused(`Graph has no delta of ${collection}`)
  const columns = changeColumns(options, collection)
  let without = columns.filter(isUntracked)
  const told = (): readonly string[] => columns.filter((column) => !without.includes(column))
  const begin = (): DeltaRound => {
    const select = told().map(encodeURIComponent).join(',')
    const link = `${options.graphUrl}${deltaPath}?$select=${select}&$deltatoken=latest`
    const place = { link, number: 1 }
    return createDeltaRound({ ...deps, columns }, collection, options.graphUrl, place)
  }
  let round = begin()
  try {
    for (;;) {
      const page: Awaited<ReturnType<DeltaRound['next']>> = await round.next()
      if (page === undefined) return refused('the delta ended without a link')
      if ('kind' in page) {
        const news = page.kind === 'reset' ? [] : page.columns.filter(isNew)
        if (news.length === 0) return refused(page.detail)
        // Whether the list has them as well is for the list to say.
        without = [...without, ...news]
        if (told().length === 0) return refused(page.detail)
        round = begin()
        continue
      }
      if (page.changed.length + page.removed.length > 0) {
        return refused('Graph began to list everything instead of giving a link from now on')
      }
      if (page.deltaLink !== undefined) {
        return { kind: 'taken', link: page.deltaLink, tells: told(), without }
      }
    }
  } catch (error) {
    if (!isEvergrantError(error) || !isRefusal(error)) throw error
    return refused(error.detail)
  }

  function isNew(column: string): boolean {
    return !without.includes(column)
  }
}

/**
 * The columns whose changes a run needs to be told: those it reads, and what decides where an
 * object stands, be it in one cursor's part or another's, within a filter or beyond it.
 */
export function changeColumns(options: RunOptions, collection: CollectionName): readonly string[] {
  const { deltaColumns, relation } = collections[collection]
  if (relation !== undefined) return [relation.segment]
  const read = deltaColumns ?? options.columns[collection] ?? []
  const { filter } = options
  const further = [
    cutBy[collection] ?? 'id',
    ...(filter === undefined ? [] : filterColumns(filter)),
  ]
  // Graph takes a column for the same in any case, and none twice.
  const named = new Map(
    [...read, ...further].toReversed().map((name) => [name.toLowerCase(), name]),
  )
  return [...named.values()].toReversed()
}

function refused(detail: string): TakenLink {
  return { kind: 'refused', detail }
}

function reset(reason: DeltaReset, error: EvergrantError): RoundReset {
  return { kind: 'reset', reason, detail: `${deltaResets[reason]} (${error.detail})` }
}

function leadsNowhere({ code }: EvergrantError): boolean {
  return code === 'next_link_repeated' || code === 'pages_endless'
}

/** Graph's own word about the request; an outage or a token that is refused is none. */
function isRefusal({ code }: EvergrantError): boolean {
  return [
    'graph_request_rejected',
    'graph_permission_missing',
    'graph_property_forbidden',
    'graph_property_unsupported',
    'graph_answer_invalid',
  ].includes(code)
}
