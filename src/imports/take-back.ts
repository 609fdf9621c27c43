import { collections, isEdgeKind } from '../directory/index.ts'
import type { CommitStep, WalkDependencies } from './commit-step.ts'
import { withholdExcess } from './delete-unseen.ts'
import type { CollectionRecord } from './ports.ts'

/**
 * Takes back what a run has brought of sources that went while it read them, each confirmed to be
 * gone: to be committed alone, behind all of their pages. In the store their edges are marked as
 * deleted at once, whatever the verdict will be, those that this run has brought and those known
 * before. Only the latter count for `deleteAtMost`: beyond that all stay as they are, as not met,
 * and log and record say why.
 */
export async function takeBack(
  deps: Pick<WalkDependencies, 'journal' | 'run' | 'store'>,
  record: CollectionRecord,
  ids: readonly string[],
): Promise<Pick<CommitStep, 'collection' | 'movesCollection' | 'gone' | 'unmet'>> {
  const { run, store } = deps
  const { destination, tenantId } = run.options
  const { collection } = record
  const { kind } = collections[collection]
  const unmet = { movesCollection: true, unmet: ids }
  if (destination !== 'store' || !isEdgeKind(kind)) return { ...unmet, collection: record }
  const of = { tenantId, kind, ids }
  const { live, older } = await store.countEdgesOf({ ...of, before: run.createdAt })
  const { known: left } = await store.countUnseen(tenantId, kind, run.sequence)
  const known = left - (live - older)
  const withheld = withholdExcess(deps, record, { unseen: older, known })
  if (withheld !== undefined) return { ...unmet, collection: withheld }
  const deleted = (record.deleted ?? 0) + live
  const goneWithSources = (record.goneWithSources ?? 0) + older
  const moved = live === 0 ? record : { ...record, deleted, goneWithSources }
  return { ...unmet, gone: ids, collection: moved }
}
