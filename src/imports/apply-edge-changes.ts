import { collections, isEdgeKind } from '../directory/index.ts'
import { newsOf, type ChangeLimits } from './apply-changes.ts'
import {
  commitStep,
  newIdSet,
  saver,
  type CommitStep,
  type WalkDependencies,
} from './commit-step.ts'
import { resumeRound, type DeltaRound } from './delta-round.ts'
import type { IdSet } from './id-set.ts'
import type { CollectionRecord, DeltaRecord, LogBody, PendingSources } from './ports.ts'
import { readSources, type BroughtEdges } from './read-sources.ts'
import { createSourceCheck } from './source-check.ts'
import { edgeSequence } from './store-destination.ts'

/** Pages of a round are gathered until they name so many sources, which are then read. */
const sourcesPerPortion = 200

/** Some pages of a round, next to each other, and the sources they name. */
interface Portion extends Pick<DeltaRecord, 'nextUrl' | 'pages'> {
  /** Each once; those that are said to be gone, and by no page to have changed, apart. */
  readonly pending: PendingSources
  readonly deltaLink: string | undefined
  readonly fetchMs: number
  readonly bytes: number
  readonly tokenLifeMs: number
}

/** What has become of sources. */
interface SettledSources {
  readonly read?: readonly string[]
  readonly gone?: readonly string[]
  readonly unshown?: readonly string[]
}

/**
 * Reads the open round of a collection of edges to its end and applies it. Of the round nothing
 * counts but which sources it names: the edges of each are read anew, whole, after the pages that
 * name it, and take the place of those that were known. So the order of the pages does not matter,
 * nor how often they tell of one source. Sources that are said to be gone, or are not found, are
 * confirmed to be gone before their edges are taken away; those that Graph does not show keep what
 * is known of them, and are counted.
 *
 * The place in the round is committed with the sources named up to there; each is struck off in the
 * commit that puts its edges in place, and the page a large one stands at is kept. Killed at any
 * moment, another call goes on with the rest.
 *
 * @param known Sources that are known to be gone by now, and counted; grows.
 * @returns The collection with its round applied, or lost with the reason.
 */
export async function applyEdgeChanges(
  deps: WalkDependencies,
  start: CollectionRecord,
  limits: ChangeLimits,
  known: IdSet = newIdSet(),
): Promise<CollectionRecord> {
  const { clock, control, journal, run, store } = deps
  const { collection, delta: open } = start
  if (open?.state !== 'open' || open.begin === undefined || open.purpose !== 'since') return start
  const { kind, sources = 'objects' } = collections[collection]
  const { begin, purpose } = open
  const check = createSourceCheck(deps, collection)
  journal.note({ type: 'changes_begun', collection, since: begin.takenAt, purpose })
  const round = resumeRound(deps, collection, open, begin)
  let record = start
  let delta = open
  let portion:
    (Portion & { readonly changedBefore: number; readonly goneBefore: number }) | undefined
  if (delta.pending !== undefined) await commit(delta, { unmet: unbegunIn(delta.pending) })
  for (;;) {
    control.checkpoint()
    if (delta.pending === undefined) {
      const gathered = await gather(round)
      if ('lost' in gathered) return await lose(gathered.lost)
      const names = namesIn(gathered.pending)
      if (delta.changed + delta.gone + names.length > limits.named) {
        return await lose(`more than ${limits.named} ${sources} have changed`)
      }
      portion = { ...gathered, changedBefore: delta.changed, goneBefore: delta.gone }
      await begins(gathered)
    }
    if (delta.pending !== undefined && !(await settlePending(delta.pending))) {
      return await lose(`more than ${limits.gone} rows of ${collection} are gone`)
    }
    if (delta.state === 'applied') return record
  }

  /** The place moves behind a portion; what that names is still to be done. */
  async function begins({ deltaLink, nextUrl, pages, pending }: Portion): Promise<void> {
    const names = namesIn(pending)
    const { nextUrl: _, ...rest } = delta
    const moved = {
      ...rest,
      ...(nextUrl === undefined ? {} : { nextUrl }),
      ...(deltaLink === undefined ? {} : { end: { link: deltaLink, takenAt: clock.now() } }),
      ...(names.length === 0 ? {} : { pending }),
      pages: delta.pages + pages,
      named: (delta.named ?? 0) + names.length,
    }
    await commit(moved, { unmet: names })
  }

  /** Does what is left of a portion; false when that would take too much away. */
  async function settlePending({
    changed,
    removed,
    places = {},
  }: PendingSources): Promise<boolean> {
    const said = await check(removed)
    if (!(await settle({ gone: said.gone }))) return false
    const gone = new Set(said.gone)
    let isWithin = true
    const ids = [...changed, ...removed.filter((id) => !gone.has(id))]
    const { hidden, vanished } = await readSources(deps, record, ids, places, async (brought) => {
      await bring(brought)
      isWithin = await settle({ read: brought.read })
      return isWithin
    })
    if (!isWithin) return false
    const late = await check(vanished)
    const isThere = new Set([...hidden, ...vanished])
    for (const id of late.gone) isThere.delete(id)
    return await settle({ gone: late.gone, unshown: [...isThere] })
  }

  /** Hands rows on, which do not count before their source is settled. */
  async function bring({ batch, places, unmet }: BroughtEdges): Promise<void> {
    const { pending, ...rest } = delta
    if (pending === undefined || batch.length + unmet.length === 0) return
    journal.count({ pages: batch.length, rows: batch.reduce((sum, rows) => sum + rows.length, 0) })
    delta = { ...rest, pending: { ...pending, places } }
    const step = { collection: { ...record, delta }, movesCollection: true, moves: [] }
    record = await commitStep(deps, { ...step, batch, unmet }, [])
  }

  /** Puts what was brought of sources in the place of what was known, and strikes them off. */
  async function settle({ read = [], gone = [], unshown = [] }: SettledSources): Promise<boolean> {
    const replaced = [...read, ...gone]
    if (replaced.length + unshown.length === 0) return true
    await forget(gone)
    const rowsGone = await countGone(replaced)
    const deleted = (record.deleted ?? 0) + rowsGone
    if (deleted > limits.gone) return false
    if (rowsGone > 0) record = { ...record, deleted }
    const over = new Set([...replaced, ...unshown])
    const left = (ids: readonly string[] = []): string[] => ids.filter((id) => !over.has(id))
    const { pending: before, ...rest } = delta
    const pending = { ...before, changed: left(before?.changed), removed: left(before?.removed) }
    const isThere = (delta.unshown ?? 0) + unshown.length
    const news = newsOf(gone, known)
    const moved = {
      ...rest,
      ...(namesIn(pending).length === 0 ? {} : { pending }),
      changed: delta.changed + read.length,
      gone: delta.gone + news.length,
      ...(isThere === 0 ? {} : { unshown: isThere }),
    }
    await commit(moved, { gone: replaced })
    for (const id of news) known.add(id)
    return true
  }

  /** What was brought of a source before it went is no edge, and no place to go on from. */
  async function forget(ids: readonly string[]): Promise<void> {
    const { pending } = delta
    if (pending === undefined || ids.length === 0) return
    const over = new Set(ids)
    const left = Object.entries(pending.places ?? {}).filter(([id]) => !over.has(id))
    await commit(
      { ...delta, pending: { ...pending, places: Object.fromEntries(left) } },
      { unmet: ids },
    )
  }

  /** Only the store keeps rows from being taken away; a table would lose them by a whole read, too. */
  async function countGone(ids: readonly string[]): Promise<number> {
    const { destination, tenantId } = run.options
    if (destination !== 'store' || !isEdgeKind(kind) || ids.length === 0) return 0
    return await store.countUnmet({ tenantId, kind, sequence: edgeSequence(run, record), ids })
  }

  async function commit(
    moved: DeltaRecord,
    what: Pick<CommitStep, 'gone' | 'unmet'>,
  ): Promise<void> {
    const isOver = moved.pending === undefined && moved.end !== undefined
    delta = { ...moved, state: isOver ? 'applied' : 'open' }
    const step = { collection: { ...record, delta }, movesCollection: true, moves: [], batch: [] }
    record = await commitStep(deps, { ...step, ...what }, linesOf(delta))
  }

  /** What there is to tell once a portion is done. */
  function linesOf({ changed, gone, pages, pending, state }: DeltaRecord): readonly LogBody[] {
    if (pending !== undefined) return []
    const of = { collection, pages, changed, gone }
    const applied = state === 'applied' ? [{ type: 'changes_applied', ...of } as const] : []
    if (portion === undefined) return applied
    const { bytes, fetchMs, tokenLifeMs } = portion
    const settled = {
      named: namesIn(portion.pending).length,
      changed: changed - portion.changedBefore,
      gone: gone - portion.goneBefore,
    }
    const measured = { ...settled, fetchMs, bytes, tokenLifeMs }
    return [{ type: 'changes_committed', collection, page: pages, ...measured }, ...applied]
  }

  /** What was replaced stays: it is what it was when it was read. */
  async function lose(detail: string): Promise<CollectionRecord> {
    journal.note({ type: 'changes_lost', collection, detail }, 'warn')
    const { nextUrl: _, pending: __, ...rest } = delta
    const lost: DeltaRecord = { ...rest, state: 'lost', note: detail }
    record = { ...record, delta: lost }
    await saver(deps)({ collection: record, walks: [] })
    return record
  }
}

/** Reads pages of a round until they name enough, or to its end. */
async function gather(round: DeltaRound): Promise<Portion | { readonly lost: string }> {
  const changed = new Set<string>()
  const removed = new Set<string>()
  let fetchMs = 0
  let bytes = 0
  for (let pages = 1; ; pages++) {
    const page = await round.next()
    if (page === undefined) return { lost: 'the round ended without a link to the next' }
    if ('kind' in page) return { lost: page.detail }
    for (const id of page.changed) changed.add(id)
    for (const id of page.removed) removed.add(id)
    fetchMs += page.fetchMs
    bytes += page.wireBytes
    if (page.nextUrl !== undefined && changed.size + removed.size < sourcesPerPortion) continue
    const { nextUrl, deltaLink, tokenLifeMs } = page
    const isGone = [...removed].filter((id) => !changed.has(id))
    const pending = { changed: [...changed], removed: isGone }
    const measured = { fetchMs, bytes, tokenLifeMs }
    return { pages, pending, deltaLink, ...(nextUrl === undefined ? {} : { nextUrl }), ...measured }
  }
}

function namesIn({ changed, removed }: PendingSources): readonly string[] {
  return [...changed, ...removed]
}

/** Those of which nothing that was brought counts. */
function unbegunIn(pending: PendingSources): readonly string[] {
  const { places = {} } = pending
  return namesIn(pending).filter((id) => places[id] === undefined)
}
