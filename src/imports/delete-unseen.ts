import { collections, isEdgeKind, type ObjectKind } from '../directory/index.ts'
import { piecesOf } from './at-once.ts'
import { commitStep, saver, type WalkDependencies } from './commit-step.ts'
import { createGoneCheck } from './confirm-gone.ts'
import { describeFoundAgain, describeWithheld } from './describe-log.ts'
import { createRowReader } from './imported-rows.ts'
import { createIdLookUp } from './look-up-ids.ts'
import type { CollectionRecord } from './ports.ts'

/** Of what is known, at most this share may vanish in one run unless the operator says otherwise. */
export const defaultDeleteAtMost = 0.1
/** Rows looked at in one transaction: short enough for others to get their turn. */
const rowsPerStep = 10_000
/** Ids asked for and settled in one commit, as many as Graph takes in one question. */
const idsPerCommit = 1_000

/**
 * Marks the rows of the store that a run has not met as deleted: only after an unfiltered
 * collection was judged `complete`, only when they are no more than `deleteAtMost` of what is
 * known, and only those that Graph, asked for them by their ids, says are gone. What is there after
 * all is read and kept. Where nothing is marked, the log and the collection's record say why.
 * Killed at any moment, another call goes on: what is marked stays marked, and counts for less of
 * what is left.
 *
 * @returns The collection's record with what was done.
 */
export async function deleteUnseen(
  deps: WalkDependencies,
  record: CollectionRecord,
): Promise<CollectionRecord> {
  const { journal, run, store } = deps
  const { collection } = record
  const { destination, filter, tenantId } = run.options
  // Changes since an earlier run name what is gone themselves, and leave the rest unmet.
  if (record.delta?.purpose === 'since' || record.verdict !== 'complete') return record
  if (destination !== 'store' || filter !== undefined) return record
  const { deltaPath, kind } = collections[collection]
  const { known, unseen } = await store.countUnseen(tenantId, kind, run.sequence)
  const withheld = withholdExcess(deps, record, { unseen, known })
  if (withheld !== undefined) return withheld
  let settled = record
  if (unseen > 0) {
    // What stands for itself can be asked for; an edge, or a fact of a user, is what a list said of it.
    settled =
      isEdgeKind(kind) || deltaPath === undefined
        ? await sweepUnseen(deps, record, unseen)
        : await settleObjects(deps, record, kind)
  }
  const { deleted = 0 } = settled
  if (deleted === 0) return settled
  const { known: left } = await store.countUnseen(tenantId, kind, run.sequence)
  journal.note({ type: 'rows_deleted', collection, deleted, left })
  return settled
}

/**
 * Withholds the deletion of rows beyond `deleteAtMost`, and says why in the log and in the record
 * it returns; undefined where so many may go. What this run has marked already counts as well.
 */
export function withholdExcess(
  { journal, run }: Pick<WalkDependencies, 'journal' | 'run'>,
  record: CollectionRecord,
  { unseen, known }: { readonly unseen: number; readonly known: number },
): CollectionRecord | undefined {
  const { collection, delta, goneWithSources = 0 } = record
  const { deleteAtMost: atMost = defaultDeleteAtMost } = run.options
  const gone = (delta?.gone ?? 0) + (delta?.goneBefore ?? 0) + goneWithSources
  const marked = gone === 0 ? {} : { marked: gone }
  const facts = { unseen: unseen + gone, known: known + gone, atMost, ...marked }
  if (unseen === 0 || facts.unseen <= facts.known * atMost) return undefined
  journal.note({ type: 'deletion_withheld', collection, ...facts }, 'warn')
  return { ...record, deletionNote: describeWithheld(facts) }
}

/** A member list was read to its end, or its group is gone: what it did not hold is no membership. */
async function sweepUnseen(
  deps: WalkDependencies,
  start: CollectionRecord,
  unseen: number,
): Promise<CollectionRecord> {
  const { clock, control, instanceId, journal, run, store } = deps
  const save = saver(deps)
  let record = start
  let marked = 0
  let after: string | undefined
  do {
    control.checkpoint()
    const step = await store.sweepUnseen({
      runId: run.id,
      instanceId,
      now: clock.now(),
      tenantId: run.options.tenantId,
      kind: collections[start.collection].kind,
      sequence: run.sequence,
      limit: rowsPerStep,
      ...(after === undefined ? {} : { after }),
    })
    journal.count({ deleted: step.marked })
    marked += step.marked
    if (step.marked > 0) {
      record = { ...record, deleted: (record.deleted ?? 0) + step.marked }
      await save({ collection: record, walks: [] })
    }
    after = step.next
  } while (marked < unseen && after !== undefined)
  return record
}

/** Asks for each object that was not met, marks those that are gone and reads the others. */
async function settleObjects(
  deps: WalkDependencies,
  start: CollectionRecord,
  kind: ObjectKind,
): Promise<CollectionRecord> {
  const { control, journal, run, store } = deps
  const { collection } = start
  const { columns, tenantId } = run.options
  const { sequence } = run
  const reader = createRowReader(collection, columns[collection] ?? [])
  const lookUp = createIdLookUp(deps, run.options, start)
  const check = createGoneCheck(deps, run.options, collection, lookUp)
  let record = start
  let found = 0
  let unlisted = 0
  let after: string | undefined
  do {
    const query = { tenantId, kind, sequence, limit: rowsPerStep }
    const step = await store.listUnseen(after === undefined ? query : { ...query, after })
    for (const ids of piecesOf(step.ids, idsPerCommit)) {
      control.checkpoint()
      const settled = await check(ids)
      const { rows } = settled.found
      found += rows.length
      unlisted += settled.unlisted.length
      if (rows.length + settled.gone.length === 0) continue
      const deleted = (record.deleted ?? 0) + settled.gone.length
      record = await commitStep(
        deps,
        {
          collection: settled.gone.length === 0 ? record : { ...record, deleted },
          movesCollection: true,
          moves: [],
          batch: [reader.ofPage(settled.found)],
          gone: settled.gone,
        },
        [],
      )
    }
    after = step.next
  } while (after !== undefined)
  if (found + unlisted === 0) return record
  journal.note({ type: 'rows_found_again', collection, found, unlisted }, 'warn')
  const detail = `${record.detail ?? ''}; ${describeFoundAgain({ found, unlisted })}`
  return { ...record, distinctRows: (record.distinctRows ?? 0) + found, detail }
}
