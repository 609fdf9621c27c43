import { collections } from '../directory/index.ts'
import { applyRounds } from './apply-rounds.ts'
import { beginSince, findEarlierPlace } from './changes-since.ts'
import { newIdSet, openCollection, saver, type WalkDependencies } from './commit-step.ts'
import { countCollection } from './count-collection.ts'
import { noteChanges } from './note-changes.ts'
import { planCollection } from './plan-collection.ts'
import type { CollectionEffort, CollectionRecord, Progress } from './ports.ts'
import { settleCounts } from './settle-counts.ts'
import { judgeCollection } from './verdict.ts'
import { walkCollection } from './walk-collection.ts'
import { walkMembers } from './walk-members.ts'

/**
 * Reads one collection: count, plan, walk, apply what changed meanwhile, count again, judge. A run
 * that is to read changes alone reads those instead, as long as Graph can tell them and they are
 * few enough.
 *
 * @param effort Asked once, when all is read, what that has cost.
 */
export async function readCollection(
  deps: WalkDependencies,
  start: Progress,
  effort: () => CollectionEffort,
): Promise<CollectionRecord> {
  const { control, journal, run } = deps
  const { collection } = start.collection
  const save = saver(deps)
  /** Who is known to be gone by now. */
  const gone = newIdSet()
  let progress = start

  control.checkpoint()
  if (progress.collection.plan === undefined) {
    const countBefore = await countCollection(deps, run.options, collection, 'before')
    const counted = {
      ...progress.collection,
      ...(countBefore === undefined ? {} : { countBefore }),
    }
    progress = (await planChanges(deps, counted)) ?? (await planWalks(deps, counted))
    await save(progress)
  }
  if (progress.collection.delta?.purpose === 'since') {
    progress = await openCollection(deps, progress)
    const record = await applyRounds(deps, progress.collection, gone)
    progress = { ...progress, collection: record }
    if (record.delta?.state === 'lost') {
      // What was staged of sources that were not replaced is no part of a whole read.
      const emptied = { ...record, writtenRows: 0 }
      await deps.destination.restart({ collection: emptied, walks: [] })
      progress = await planWalks(deps, emptied)
      await save(progress)
    }
  }
  if (progress.walks.length > 0) {
    const walkAll = collections[collection].relation === undefined ? walkCollection : walkMembers
    progress = await walkAll(deps, progress)
    const record = await applyRounds(deps, progress.collection, gone)
    progress = { ...progress, collection: record }
  }
  const counted = await settleCounts(deps, progress.collection, gone)
  const { verdict, detail } = judgeCollection({ ...progress, collection: counted })
  const isNews = counted.verdict === undefined
  if (isNews) journal.note({ type: 'collection_judged', collection, verdict, detail })
  // A resume looks at what was judged before it once more, which is no effort of that collection.
  const judged = { ...counted, verdict, detail, ...(isNews ? { effort: effort() } : {}) }
  await save({ collection: judged, walks: [] })
  return judged
}

/** Plans to read everything, and notes from where on changes can be told. */
async function planWalks(deps: WalkDependencies, record: CollectionRecord): Promise<Progress> {
  // What an earlier run was refused may be given by now.
  const { delta, refusedColumns: _, ...whole } = record
  const planned = await planCollection(deps, whole)
  const { walks } = planned
  const noted = await noteChanges(deps, planned.collection, walks.length, delta?.note)
  const { relation } = collections[record.collection]
  // Of edges a round counts the sources that are gone.
  const gone = (relation === undefined ? delta?.gone : record.deleted) ?? 0
  if (gone === 0 || noted.delta === undefined) return { ...planned, collection: noted }
  return { ...planned, collection: { ...noted, delta: { ...noted.delta, goneBefore: gone } } }
}

/** Plans to read changes alone, where that was asked for and can be done. */
async function planChanges(
  deps: WalkDependencies,
  record: CollectionRecord,
): Promise<Progress | undefined> {
  const { destination, journal, run } = deps
  if (run.options.delta !== true) return undefined
  const { collection } = record
  const trial = beginSince(record, { begin: { link: '', takenAt: 0 }, refusedColumns: [] })
  const opened = await openCollection(deps, { collection: trial, walks: [] })
  const known = await destination.countDistinct(opened.collection)
  const earlier = await findEarlierPlace(deps, record, known)
  if (earlier.kind === 'none') {
    const level = earlier.isSettling === true ? 'info' : 'warn'
    journal.note({ type: 'changes_lost', collection, detail: earlier.detail }, level)
    return undefined
  }
  return { collection: beginSince(record, earlier), walks: [] }
}
