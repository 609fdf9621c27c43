import { EvergrantError, isEvergrantError } from '../kernel/index.ts'
import { commitStep, newIdSet, saver, type WalkDependencies } from './commit-step.ts'
import { createGoneCheck } from './confirm-gone.ts'
import { resumeRound, type RoundPage } from './delta-round.ts'
import { createRowReader } from './imported-rows.ts'
import type { IdSet } from './id-set.ts'
import { joinPages } from './join-pages.ts'
import { createIdLookUp, isAboutFilter } from './look-up-ids.ts'
import type { CollectionRecord, DeltaRecord } from './ports.ts'
import type { ScannedPage } from './scan-page.ts'

/** So many ids that Graph does not list are named. */
const namedAtMost = 10

/** A page of changes, with what has become of the objects it names. */
interface Settled {
  readonly page: ScannedPage
  readonly gone: readonly string[]
  /** Graph says they are there, but does not list them: of a filtered run, those beyond its filter. */
  readonly unlisted: readonly string[]
}

/** How much may change and still be told object by object. */
export interface ChangeLimits {
  /** Objects named by the round, at most. */
  readonly named: number
  /** Rows that are gone, at most. */
  readonly gone: number
}

/**
 * Reads the open round of a collection of objects to its end and applies it: objects that changed
 * are read anew, by their ids, so that a row is what a list would show at that moment, however
 * often and in whatever order the round names it; objects that are said to be gone, or are not
 * found, are confirmed to be gone before they are taken away. Rows, and the place in the round, are
 * committed page by page: killed at any moment, another call goes on.
 *
 * @param known Who is known to be gone by now, and counted; grows.
 * @returns The collection with its round applied, or lost with the reason.
 */
export async function applyChanges(
  deps: WalkDependencies,
  start: CollectionRecord,
  limits: ChangeLimits,
  known: IdSet = newIdSet(),
): Promise<CollectionRecord> {
  const { clock, control, journal, run } = deps
  const { collection, delta: open } = start
  if (open?.state !== 'open' || open.begin === undefined || open.purpose === 'next') return start
  const { options } = run
  // The rows of a filtered run are what its filter finds, but for the store, which holds more than that.
  const leaves = options.filter !== undefined && options.destination !== 'store'
  const settle = settler(deps, start)
  const reader = createRowReader(collection, options.columns[collection] ?? [])
  const { isEarlier, purpose } = open
  if (open.from === undefined) {
    const earlier = isEarlier === undefined ? {} : { isEarlier }
    const since = open.begin.takenAt
    journal.note({ type: 'changes_begun', collection, since, purpose, ...earlier })
  }
  const round = resumeRound(deps, collection, open, open.from ?? open.begin)
  let record = start
  let delta = open
  for (;;) {
    control.checkpoint()
    const page = await round.next()
    if (page === undefined) return await lose('the round ended without a link to the next')
    if ('kind' in page) return await lose(page.detail)
    if (delta.changed + delta.gone + page.changed.length + page.removed.length > limits.named) {
      return await lose(`more than ${limits.named} objects have changed`)
    }
    const settled = await settle(page).catch(refusalOfFilter)
    if (settled instanceof EvergrantError) return await lose(settled.detail)
    const news = newsOf(settled.gone, known)
    if (delta.gone + news.length > limits.gone) {
      return await lose(`more than ${limits.gone} objects are gone`)
    }
    await commit(page, settled, news.length)
    for (const id of news) known.add(id)
    if (delta.state === 'applied') return record
  }

  /** Whether an object belongs to a filtered run is for Graph to say, or nobody. */
  function refusalOfFilter(error: unknown): EvergrantError {
    const isRefusal =
      options.filter !== undefined && isEvergrantError(error) && isAboutFilter(error)
    if (!isRefusal) throw error
    return error
  }

  async function commit(
    page: RoundPage,
    { gone, page: rows, unlisted }: Settled,
    goneNow: number,
  ): Promise<void> {
    const { nextUrl: _, ...rest } = delta
    const isLast = page.nextUrl === undefined
    const named = page.changed.length + page.removed.length
    delta = {
      ...rest,
      ...(page.nextUrl === undefined ? {} : { nextUrl: page.nextUrl }),
      ...(page.deltaLink === undefined
        ? {}
        : { end: { link: page.deltaLink, takenAt: clock.now() } }),
      state: isLast ? 'applied' : 'open',
      pages: delta.pages + 1,
      named: (delta.named ?? 0) + named,
      changed: delta.changed + rows.rows.length,
      gone: delta.gone + goneNow,
      ...(options.filter === undefined ? noted(delta.unlisted, unlisted) : {}),
    }
    const { pages, changed } = delta
    const line = {
      type: 'changes_committed',
      collection,
      page: pages,
      named,
      changed: rows.rows.length,
      gone: goneNow,
      fetchMs: page.fetchMs,
      bytes: page.wireBytes,
      tokenLifeMs: page.tokenLifeMs,
    } as const
    const applied = {
      type: 'changes_applied',
      collection,
      pages,
      changed,
      gone: delta.gone,
      ...(delta.unlisted === undefined ? {} : { unlisted: delta.unlisted.count }),
    } as const
    const step = {
      collection: { ...record, delta },
      movesCollection: true,
      moves: [],
      batch: rows.rows.length === 0 ? [] : [reader.ofPage(rows)],
      gone: leaves ? [...gone, ...unlisted] : gone,
    }
    const isNews = delta.from === undefined || line.named > 0
    const lines = isLast ? [line, applied] : [line]
    record = await commitStep(deps, step, isNews ? lines : [])
  }

  /** What was applied stays: each row is what it was when it was read. */
  async function lose(detail: string): Promise<CollectionRecord> {
    journal.note({ type: 'changes_lost', collection, detail }, 'warn')
    const { nextUrl: _, ...rest } = delta
    // Of a further round only the news is lost: the place it began at stays the next one's.
    const left: DeltaRecord =
      delta.from === undefined
        ? { ...rest, state: 'lost', note: detail }
        : { ...rest, state: 'applied', end: delta.from }
    record = { ...record, delta: left }
    await saver(deps)({ collection: record, walks: [] })
    return record
  }
}

/** Finds out what has become of the objects that a page of changes names. */
function settler(
  deps: WalkDependencies,
  record: CollectionRecord,
): (page: Pick<RoundPage, 'changed' | 'removed'>) => Promise<Settled> {
  const { options } = deps.run
  const lookUp = createIdLookUp(deps, options, record)
  const { filter, ...whole } = options
  const lookUpAny = filter === undefined ? undefined : createIdLookUp(deps, whole, record)
  const check = createGoneCheck(deps, options, record.collection, lookUp, lookUpAny)
  return async ({ changed, removed }) => {
    const known = await lookUp(changed)
    const { found, gone, unlisted } = await check([...removed, ...known.missing])
    return { page: joinPages([known.page, found]), gone, unlisted }
  }
}

/** Those of the ids that are not known, each once. */
export function newsOf(ids: readonly string[], known: IdSet): readonly string[] {
  return [...new Set(ids)].filter((id) => !known.has(id))
}

/** Adds ids that are there, but not listed; of many the first are named. */
function noted(
  before: DeltaRecord['unlisted'],
  ids: readonly string[],
): Pick<DeltaRecord, 'unlisted'> {
  if (ids.length === 0) return {}
  const { count, ids: known } = before ?? { count: 0, ids: [] }
  const unlisted = { count: count + ids.length, ids: [...known, ...ids].slice(0, namedAtMost) }
  return { unlisted }
}
