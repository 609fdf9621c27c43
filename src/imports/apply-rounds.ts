import { collections } from '../directory/index.ts'
import { applyChanges, type ChangeLimits } from './apply-changes.ts'
import { applyEdgeChanges } from './apply-edge-changes.ts'
import { noChanges } from './changes-since.ts'
import { newIdSet, saver, type WalkDependencies } from './commit-step.ts'
import { defaultDeleteAtMost } from './delete-unseen.ts'
import type { IdSet } from './id-set.ts'
import type { CollectionRecord } from './ports.ts'

/** Of what is known, so large a share may change and still be read object by object. */
const changedAtMost = 0.1
/** So few objects are read by their ids in any case. */
const fewObjects = 100

/** Graph tells of changes late: so many rounds are read at most, until one brings nothing. */
const roundsAtMost = 5

/**
 * Applies the open round of a collection, if it has one. Where that began at an earlier run's end
 * and is lost, be it forgotten or too much to read, the round from just before the cursors began is
 * applied instead: all that had changed before then was there for them to read, but for what an
 * index had not learned. Behind a read by several cursors further rounds follow, until one of them
 * brings nothing.
 *
 * @param known Who is known to be gone by now, and counted; grows.
 */
export async function applyRounds(
  deps: WalkDependencies,
  start: CollectionRecord,
  known: IdSet = newIdSet(),
): Promise<CollectionRecord> {
  let record = start
  let rounds = 0
  for (;;) {
    const fallen = fallenBack(record)
    if (fallen !== undefined) {
      record = fallen
      await saver(deps)({ collection: record, walks: [] })
    }
    const { delta } = record
    // Without a round nothing is counted for its limits: of many rows that takes a while.
    if (delta?.state !== 'open' || delta.purpose === 'next') return record
    const { relation } = collections[record.collection]
    const apply = relation === undefined ? applyChanges : applyEdgeChanges
    record = await apply(deps, record, await limitsOf(deps, record), known)
    if (++rounds < roundsAtMost && metBy(record) > metBy({ delta })) record = withNextRound(record)
  }
}

/** Reads what Graph has come to tell since the changes of a collection were applied. */
export async function applyFurtherRounds(
  deps: WalkDependencies,
  record: CollectionRecord,
  known: IdSet,
): Promise<CollectionRecord> {
  return await applyRounds(deps, withNextRound(record), known)
}

/** The collection with the round behind those that were applied, if it was read by several cursors. */
function withNextRound(record: CollectionRecord): CollectionRecord {
  const { delta, verdict } = record
  const isDone = delta?.purpose !== 'bracket' || delta.state !== 'applied' || verdict !== undefined
  if (isDone || delta.end === undefined) return record
  return { ...record, delta: { ...delta, state: 'open', from: delta.end } }
}

function metBy({ delta }: Pick<CollectionRecord, 'delta'>): number {
  return (delta?.changed ?? 0) + (delta?.gone ?? 0)
}

/** A lost round that began at an earlier run's end, begun anew at the link taken meanwhile. */
function fallenBack(record: CollectionRecord): CollectionRecord | undefined {
  const { delta } = record
  if (delta?.state !== 'lost' || delta.fallback === undefined) return undefined
  const { end: _, fallback, gone, isEarlier: __, note = '', unlisted: ___, ...rest } = delta
  return {
    ...record,
    delta: {
      ...rest,
      ...noChanges,
      state: 'open',
      begin: fallback,
      notEarlier: note,
      unsettledAt: fallback.takenAt,
      goneBefore: gone,
    },
  }
}

async function limitsOf(deps: WalkDependencies, record: CollectionRecord): Promise<ChangeLimits> {
  const { deleteAtMost = defaultDeleteAtMost, destination } = deps.run.options
  const known = await deps.destination.countDistinct(record)
  const { relation } = collections[record.collection]
  // Of edges a round names the sources.
  const nameable = relation === undefined ? known : (record.countBefore ?? 0)
  const named = Math.max(Math.floor(nameable * changedAtMost), fewObjects)
  // A snapshot takes nothing away from anyone.
  const isSnapshot = record.delta?.purpose === 'bracket' && destination !== 'store'
  if (isSnapshot) return { named, gone: named }
  const { goneBefore = 0 } = record.delta ?? {}
  const most = Math.floor((known + goneBefore) * deleteAtMost)
  return { named, gone: Math.max(most - goneBefore, 0) }
}
