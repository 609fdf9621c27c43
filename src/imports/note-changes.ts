import { collections, isEdgeKind } from '../directory/index.ts'
import { findEarlierLink, isKnownToIndexes, noChanges, type EarlierLink } from './changes-since.ts'
import type { WalkDependencies } from './commit-step.ts'
import { parseDestination } from './destination-name.ts'
import { changeColumns, takeDeltaLink } from './delta-round.ts'
import { tellsChanges } from './kept-link.ts'
import type { CollectionRecord, DeltaPlace, DeltaRecord, RunOptions } from './ports.ts'

/**
 * Takes a link to what will change from now on, before the first page of a collection is read:
 * where several cursors read, objects may come, go, and move from one cursor's part to another's
 * meanwhile; and where the rows stay, a later run can begin there. None of a filtered run does: the
 * changes Graph tells are those of the whole collection.
 *
 * @param cursors How many cursors are going to read.
 * @param notEarlier Why the earlier run's link is of no use, where this run has found that out.
 */
export async function noteChanges(
  deps: WalkDependencies,
  record: CollectionRecord,
  cursors: number,
  notEarlier?: string,
): Promise<CollectionRecord> {
  const { clock, journal, run } = deps
  const { collection } = record
  // What can be missing of edges is missing by whole sources, which the verdict counts.
  const isBracket = cursors > 1 && !isEdgeKind(collections[collection].kind)
  const isForLater =
    tellsChanges(collection) && keepsRows(run.options) && run.options.filter === undefined
  if (!isBracket && !isForLater) return record
  const purpose = isBracket ? 'bracket' : 'next'
  const takenAt = clock.now()
  const taken = await takeDeltaLink(deps, run.options, collection)
  const tells = taken.kind === 'taken' ? taken.tells : changeColumns(run.options, collection)
  const earlier = isBracket ? await earlierLink() : undefined
  const fresh = taken.kind === 'taken' ? { link: taken.link, takenAt } : undefined
  const places = placesOf(earlier, fresh)
  const isSettled =
    !isBracket || (earlier?.kind === 'found' && isKnownToIndexes(earlier.begin.takenAt, takenAt))
  const unsettled = isSettled ? {} : { unsettledAt: takenAt }
  const delta: DeltaRecord = {
    purpose,
    state: 'open',
    ...places,
    tells,
    ...unsettled,
    ...noChanges,
  }
  if (taken.kind === 'refused') {
    const { detail } = taken
    journal.note({ type: 'changes_noted', collection, detail }, isBracket ? 'warn' : 'info')
    const isLost = places.begin === undefined
    return { ...record, delta: isLost ? { ...delta, state: 'lost', note: detail } : delta }
  }
  const { without } = taken
  journal.note({ type: 'changes_noted', collection, ...(without.length === 0 ? {} : { without }) })
  const columns = run.options.columns[collection] ?? []
  const untold = without.filter((column) => columns.includes(column))
  return { ...record, delta: { ...delta, ...(untold.length === 0 ? {} : { untold }) } }

  async function earlierLink(): Promise<EarlierLink> {
    if (notEarlier !== undefined) return { kind: 'none', detail: notEarlier }
    return await findEarlierLink(deps, record, tells)
  }
}

/** Where changes begin: where an earlier run had ended, if that is known, else now. */
function placesOf(
  earlier: EarlierLink | undefined,
  fresh: DeltaPlace | undefined,
): Pick<DeltaRecord, 'begin' | 'fallback' | 'isEarlier' | 'notEarlier'> {
  if (earlier?.kind === 'found') {
    const fallback = fresh === undefined ? {} : { fallback: fresh }
    return { begin: earlier.begin, isEarlier: true, ...fallback }
  }
  return {
    ...(fresh === undefined ? {} : { begin: fresh }),
    ...(earlier === undefined ? {} : { notEarlier: earlier.detail }),
  }
}

/** True for destinations that hold their rows from run to run; files are snapshots. */
export function keepsRows({ destination }: Pick<RunOptions, 'destination'>): boolean {
  const { kind } = parseDestination(destination, (path) => path)
  return kind === 'store' || kind === 'sqlite' || kind === 'postgres'
}
