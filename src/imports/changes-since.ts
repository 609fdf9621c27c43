import type { WalkDependencies } from './commit-step.ts'
import { linkLeftBy, tellsChanges } from './kept-link.ts'
import { noChanges } from './note-changes.ts'
import type { CollectionRecord, DeltaPlace, RunRecord } from './ports.ts'

/** As many runs of a name are looked at for one that left a link. */
const runsLookedAt = 50
/** As many runs of any name are looked at for one that wrote to the same place since. */
const othersLookedAt = 200
/** Rows may have become fewer by this share since without anyone having tampered with them. */
const tolerance = 0.001

/** Where a run can begin that reads changes alone, or why it reads everything. */
export type EarlierPlace =
  | {
      readonly kind: 'found'
      readonly begin: DeltaPlace
      /** Columns that Graph did not give to that run. */
      readonly refusedColumns: readonly string[]
    }
  | { readonly kind: 'none'; readonly detail: string }

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
  const runs = await store.listRuns({ limit: runsLookedAt, name: run.name })
  const last = runs.find(
    ({ options, state }) => state === 'completed' && options.collections.includes(collection),
  )
  if (last === undefined) return none('no run of that name has completed yet')
  const difference = differenceOf(last, run, collection)
  if (difference !== undefined) return none(`the last completed run had another ${difference}`)
  const others = await store.listRuns({ limit: othersLookedAt })
  const other = others.find((one) => writesOver(one, last, collection))
  if (other !== undefined) return none(`the import "${other.name}" has written there since`)
  const progress = await store.listProgress(last.id)
  const record = progress.find((one) => one.collection.collection === collection)?.collection
  const begin = record === undefined ? undefined : linkLeftBy(record)
  if (begin === undefined) return none('the last completed run left no link')
  const refused = record?.refusedColumns ?? []
  const untold = record?.delta?.untold?.filter((column) => !refused.includes(column)) ?? []
  if (untold.length > 0) return none(`no delta tells when ${untold.join(', ')} changes`)
  const left = record?.distinctRows ?? 0
  if (known < left * (1 - tolerance)) {
    return none(`the last completed run left ${left} rows, but ${known} are there`)
  }
  return { kind: 'found', begin, refusedColumns: record?.refusedColumns ?? [] }
}

/** The record of a collection that is to be brought up to date from there. */
export function beginSince(
  record: CollectionRecord,
  {
    begin,
    refusedColumns,
  }: Pick<Extract<EarlierPlace, { kind: 'found' }>, 'begin' | 'refusedColumns'>,
): CollectionRecord {
  const why = `changes since ${new Date(begin.takenAt).toISOString()}`
  return {
    ...record,
    ...(refusedColumns.length === 0 ? {} : { refusedColumns }),
    plan: { cursors: 0, why },
    delta: { purpose: 'since', state: 'open', begin, ...noChanges },
  }
}

function differenceOf(
  { options: then }: RunRecord,
  { options: now }: RunRecord,
  collection: CollectionRecord['collection'],
): string | undefined {
  if (then.filter !== undefined || now.filter !== undefined) return 'filter'
  if (then.destination !== now.destination) return 'destination'
  if (then.tenantId !== now.tenantId || then.graphUrl !== now.graphUrl) return 'tenant'
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

function none(detail: string): EarlierPlace {
  return { kind: 'none', detail }
}
