import { collections } from '../directory/index.ts'
import type { WalkDependencies } from './commit-step.ts'
import { describeWithheld } from './describe-log.ts'
import type { CollectionRecord } from './ports.ts'

/** Of what is known, at most this share may vanish in one run unless the operator says otherwise. */
export const defaultDeleteAtMost = 0.1
/** Rows looked at in one transaction: short enough for others to get their turn. */
const rowsPerStep = 10_000

/**
 * Marks the rows of the store that a walk has not met as deleted: only after an unfiltered
 * collection was judged `complete`, and only when they are no more than `deleteAtMost` of what is
 * known; else nothing is marked, and the log and the collection's record say why. Killed at any
 * moment, another call goes on: what is marked stays marked, and counts for less of what is left.
 *
 * @param deletedByOthers Rows that the collections settled before have deleted in this run.
 * @returns The collection's record with what was done.
 */
export async function deleteUnseen(
  deps: WalkDependencies,
  record: CollectionRecord,
  deletedByOthers: number,
): Promise<CollectionRecord> {
  const { clock, control, instanceId, journal, run, store } = deps
  const { collection } = record
  const { deleteAtMost: atMost = defaultDeleteAtMost, destination, filter, tenantId } = run.options
  if (destination !== 'store' || filter !== undefined || record.verdict !== 'complete')
    return record
  const { kind } = collections[collection]
  const { known, unseen } = await store.countUnseen(tenantId, kind, run.sequence)
  if (unseen > known * atMost) {
    journal.note({ type: 'deletion_withheld', collection, unseen, known, atMost }, 'warn')
    return { ...record, deletionNote: describeWithheld({ unseen, known, atMost }) }
  }
  let deleted = 0
  let after: string | undefined
  while (deleted < unseen) {
    control.checkpoint()
    const step = await store.sweepUnseen({
      runId: run.id,
      instanceId,
      now: clock.now(),
      tenantId,
      kind,
      sequence: run.sequence,
      limit: rowsPerStep,
      ...(after === undefined ? {} : { after }),
    })
    deleted += step.marked
    journal.count({ deleted: step.marked })
    after = step.next
    if (after === undefined) break
  }
  // What a session before this one deleted stands in the run's totals alone when it was killed.
  const all = journal.totals().deleted - deletedByOthers
  if (all === 0 || all === record.deleted) return record
  journal.note({ type: 'rows_deleted', collection, deleted: all, left: known - deleted })
  return { ...record, deleted: all }
}
