import { collections } from '../directory/index.ts'
import type { WalkDependencies } from './commit-step.ts'
import { linkLeftBy, tellsChanges } from './kept-link.ts'
import type { CollectionRecord, DeltaPlace, RunRecord, Verdict, WalkRecord } from './ports.ts'

/** As many completed runs of a name are looked at for one that left a link. */
const runsLookedAt = 50
/** As many runs of any name are looked at for one that wrote to the same place since. */
const othersLookedAt = 200
/** Rows may have become fewer by this share since without anyone having tampered with them. */
const tolerance = 0.001
/** An index knows of changes by then. */
const indexLagMs = 3_600_000
const noneCompleted = 'no run of that name has completed yet'

/** What no page of changes has added to yet. */
export const noChanges = { pages: 0, changed: 0, gone: 0 } as const

/** Where a run can begin that reads changes alone, or why it reads everything. */
export type EarlierPlace =
  | {
      readonly kind: 'found'
      readonly begin: DeltaPlace
      /** Columns that Graph did not give to that run. */
      readonly refusedColumns: readonly string[]
      /** Columns whose changes the link tells, as far as that was noted. */
      readonly tells?: readonly string[]
      /** As in the record of that run. */
      readonly unsettledAt?: number
      /** Edges only: the verdict of that run. */
      readonly base?: Verdict
      /** Edges only: sources of which that run has what an index held. */
      readonly indexed?: readonly string[]
    }
  | {
      readonly kind: 'none'
      readonly detail: string
      /** True where it could begin there, but everything is read once more to be sure of it. */
      readonly isSettling?: boolean
    }

/**
 * Finds the link that the last completed run of the same name left for a collection. It serves when
 * that run wrote the same columns of everything to the same place, and when that place still holds
 * what it wrote; a link older than any change of these is of no use.
 *
 * @param known Rows that the destination holds of the collection now.
 */
export async function findEarlierPlace(
  deps: WalkDependencies,
  { collection }: CollectionRecord,
  known: number,
): Promise<EarlierPlace> {
  const { run, store } = deps
  if (!tellsChanges(collection)) return none(`Graph does not tell changes of ${collection}`)
  const last = await lastCompleted(deps, collection)
  if (last === undefined) return none(noneCompleted)
  const difference = differenceOf(last, run, collection)
  if (difference !== undefined) return none(`the last completed run had another ${difference}`)
  const others = await store.listRuns({ limit: othersLookedAt })
  const other = others.find((one) => writesOver(one, last, collection))
  if (other !== undefined) return none(`the import "${other.name}" has written there since`)
  const progress = await store.listProgress(last.id)
  const before = progress.find((one) => one.collection.collection === collection)
  const record = before?.collection
  const begin = record === undefined ? undefined : linkLeftBy(record)
  if (begin === undefined) return none('the last completed run left no link')
  const refused = record?.refusedColumns ?? []
  const untold = record?.delta?.untold?.filter((column) => !refused.includes(column)) ?? []
  if (untold.length > 0) return none(`no delta tells when ${untold.join(', ')} changes`)
  const left = record?.distinctRows ?? 0
  if (known < left * (1 - tolerance)) {
    return none(`the last completed run left ${left} rows, but ${known} are there`)
  }
  const { tells, unsettledAt } = record?.delta ?? {}
  if (unsettledAt !== undefined && isKnownToIndexes(unsettledAt, deps.clock.now())) {
    const at = new Date(unsettledAt).toISOString()
    const detail = `what Graph's index had not learned by ${at} was never told, which one more read of everything settles`
    return { ...none(detail), isSettling: true }
  }
  const refusedColumns = record?.refusedColumns ?? []
  const base = record === undefined ? {} : baseOf(record)
  const told = tells === undefined ? {} : { tells }
  const indexed = sourcesInParts(before?.walks ?? [])
  const unsettled = unsettledAt === undefined ? {} : { unsettledAt }
  return { kind: 'found', begin, refusedColumns, indexed, ...told, ...unsettled, ...base }
}

/** Whether the index behind advanced queries knows by now what had changed by then. */
export function isKnownToIndexes(then: number, now: number): boolean {
  return then <= now - indexLagMs
}

/** Where a read by several cursors can be told changes from, or why from nowhere earlier. */
export type EarlierLink =
  | { readonly kind: 'found'; readonly begin: DeltaPlace }
  | { readonly kind: 'none'; readonly detail: string }

/**
 * Finds a link that completed runs of the same name left for a collection, for a run that reads
 * everything: the newest that is old enough for an index to know by now what had changed before it,
 * else the oldest. What those runs wrote, and where, does not matter then: a link serves when it is
 * of the same directory, and tells when one of these columns changes.
 */
export async function findEarlierLink(
  deps: WalkDependencies,
  { collection }: CollectionRecord,
  columns: readonly string[],
): Promise<EarlierLink> {
  const now = deps.clock.now()
  let found: EarlierLink = none(noneCompleted)
  for (const earlier of await completedRuns(deps, collection)) {
    const left = await linksOf(deps, earlier, collection, columns)
    if (!Array.isArray(left)) return found.kind === 'found' ? found : none(left)
    for (const begin of left) {
      found = { kind: 'found', begin }
      if (isKnownToIndexes(begin.takenAt, now)) return found
    }
  }
  return found
}

/** The links that a run left of a collection, the newest first, or why they are of no use. */
async function linksOf(
  { run, store }: WalkDependencies,
  earlier: RunRecord,
  collection: CollectionRecord['collection'],
  columns: readonly string[],
): Promise<DeltaPlace[] | string> {
  if (!isSameDirectory(earlier.options, run.options)) return 'the last run read another tenant'
  const progress = await store.listProgress(earlier.id)
  const delta = progress.find((one) => one.collection.collection === collection)?.collection.delta
  const links = [delta?.end, delta?.begin].filter((place) => place !== undefined)
  if (links.length === 0) return 'the last completed run left no link'
  const { untold = [] } = delta ?? {}
  const read = earlier.options.columns[collection] ?? []
  const tells = delta?.tells ?? read.filter((column) => !untold.includes(column))
  const missing = columns.filter((column) => !tells.includes(column))
  if (missing.length === 0) return links
  return `the last run's link does not tell when ${missing.join(', ')} changes`
}

async function lastCompleted(
  deps: WalkDependencies,
  collection: CollectionRecord['collection'],
): Promise<RunRecord | undefined> {
  return (await completedRuns(deps, collection))[0]
}

async function completedRuns(
  { run, store }: WalkDependencies,
  collection: CollectionRecord['collection'],
): Promise<readonly RunRecord[]> {
  const completed = { limit: runsLookedAt, name: run.name, state: 'completed' } as const
  const runs = await store.listRuns(completed)
  return runs.filter(({ options }) => options.collections.includes(collection))
}

/** The record of a collection that is to be brought up to date from there. */
export function beginSince(
  record: CollectionRecord,
  from: Omit<Extract<EarlierPlace, { kind: 'found' }>, 'kind'>,
): CollectionRecord {
  const { begin, refusedColumns, tells, unsettledAt, base, indexed = [] } = from
  const why = `changes since ${new Date(begin.takenAt).toISOString()}`
  return {
    ...record,
    ...(refusedColumns.length === 0 ? {} : { refusedColumns }),
    plan: { cursors: 0, why },
    delta: {
      purpose: 'since',
      state: 'open',
      begin,
      ...(tells === undefined ? {} : { tells }),
      ...(unsettledAt === undefined ? {} : { unsettledAt }),
      ...(base === undefined ? {} : { base }),
      // What their index had not learned when the link was taken, no change tells.
      ...(indexed.length === 0
        ? {}
        : { named: indexed.length, pending: { changed: indexed, removed: [] } }),
      ...noChanges,
    },
  }
}

/** Graph counts no edges: with changes they are as complete as what these are added to. */
function baseOf({ collection, deletionNote, verdict }: CollectionRecord): {
  readonly base?: Verdict
} {
  if (collections[collection].relation === undefined || verdict === undefined) return {}
  return { base: deletionNote === undefined ? verdict : 'complete_with_drift' }
}

/** Sources that were read in parts, so from the index behind advanced queries. */
function sourcesInParts(walks: readonly WalkRecord[]): readonly string[] {
  return walks.flatMap(({ only, split }) =>
    only === undefined || split === undefined || split.hasFailed === true ? [] : [only],
  )
}

function differenceOf(
  { options: then }: RunRecord,
  { options: now }: RunRecord,
  collection: CollectionRecord['collection'],
): string | undefined {
  if (then.filter !== undefined || now.filter !== undefined) return 'filter'
  if (then.destination !== now.destination) return 'destination'
  if (!isSameDirectory(then, now)) return 'tenant'
  const columns = ({ columns: all, policy }: typeof now): string =>
    JSON.stringify([all[collection] ?? [], policy ?? null])
  return columns(then) === columns(now) ? undefined : 'selection or policy of columns'
}

/** True for a run of another import that put rows where the earlier run had put its own. */
function writesOver(
  run: RunRecord,
  earlier: RunRecord,
  collection: CollectionRecord['collection'],
): boolean {
  const { destination, tenantId } = earlier.options
  return (
    run.name !== earlier.name &&
    run.sequence > earlier.sequence &&
    run.totals.pages > 0 &&
    run.options.destination === destination &&
    run.options.tenantId === tenantId &&
    run.options.collections.includes(collection)
  )
}

function isSameDirectory(then: RunRecord['options'], now: RunRecord['options']): boolean {
  return then.tenantId === now.tenantId && then.graphUrl === now.graphUrl
}

function none(detail: string): { readonly kind: 'none'; readonly detail: string } {
  return { kind: 'none', detail }
}
