import { createHash } from 'node:crypto'
import type { ColumnSeal } from './column-seal.ts'
import { countedRows } from './counted-rows.ts'
import type { Destination } from './destination.ts'
import { createIdSet, type IdSet } from './id-set.ts'
import type { ImportedRows } from './imported-rows.ts'
import type {
  CollectionRecord,
  LogBody,
  Progress,
  RunRecord,
  RunStore,
  WalkRecord,
} from './ports.ts'
import type { SendDependencies } from './send.ts'

/**
 * A session starts a walk over at most so often; its page tokens then perish faster than it can
 * walk.
 */
export const restartLimit = 5

/** What a walk needs besides the means to send. */
export interface WalkDependencies extends SendDependencies {
  readonly store: RunStore
  readonly run: RunRecord
  readonly instanceId: string
  readonly destination: Destination
  /** Hashes columns of what Graph answers; undefined when rows are kept as they come. */
  readonly seal: ColumnSeal | undefined
}

/** Writes progress for as long as this instance owns the run. */
export function saver({
  instanceId,
  journal,
  store,
}: Pick<WalkDependencies, 'instanceId' | 'journal' | 'store'>): (
  progress: Progress,
) => Promise<void> {
  return (progress) =>
    journal.write((log, _totals, now) => store.saveProgress(progress, instanceId, log, now))
}

/**
 * Readies a collection in its destination. What a lost commit of the store had left out counts in
 * the write that moves its cursors there: killed behind it, nobody would know of it any more.
 */
export async function openCollection(
  deps: WalkDependencies,
  progress: Progress,
): Promise<Progress> {
  const { destination, instanceId, journal, run, store } = deps
  const save = saver(deps)
  let saved = progress
  return await destination.openCollection(progress, async (opened) => {
    const count = newsIn(opened, saved)
    if (count.pages === 0 && count.rows === 0) await save(opened)
    else {
      await journal.write(
        async (log, totals, now) => {
          await store.commitPage({ ...opened, runId: run.id, instanceId, now, totals, log })
        },
        { lines: [], count },
      )
    }
    saved = opened
  })
}

/** What cursors have read since they stood as before; one that started over tells nothing of it. */
function newsIn(
  { walks }: Progress,
  before: Progress,
): { readonly pages: number; readonly rows: number } {
  let [pages, rows] = [0, 0]
  for (const walk of walks) {
    const known = before.walks.find(({ shard }) => shard === walk.shard)
    if (known !== undefined && known.restarts !== walk.restarts) continue
    const knownRows = known === undefined ? 0 : countedRows(known)
    rows += Math.max(countedRows(walk) - knownRows, 0)
    pages += Math.max(walk.pages - (known?.pages ?? 0), 0)
  }
  return { pages, rows }
}

/** What a step brings, and where the cursors stand behind it. */
export interface CommitStep {
  readonly collection: CollectionRecord
  /** True when the collection itself has moved, not only its cursors. */
  readonly movesCollection?: boolean
  /** The cursors that move, as they stood before and as they stand then. */
  readonly moves: readonly { readonly from: WalkRecord; readonly to: WalkRecord }[]
  readonly batch: readonly ImportedRows[]
  /** As the destination takes them. */
  readonly gone?: readonly string[]
  readonly unmet?: readonly string[]
}

/**
 * Makes a step durable: rows in the destination, cursors, totals and log in the store.
 *
 * @param lines What the log tells once the step is committed.
 * @returns The collection as it stands then.
 */
export async function commitStep(
  deps: WalkDependencies,
  { collection, movesCollection = false, moves, ...brought }: CommitStep,
  lines: readonly LogBody[],
): Promise<CollectionRecord> {
  const { destination, instanceId, journal, run, store } = deps
  const walks = moves.map(({ to }) => to)
  const written = await destination.write({ collection, walks, ...brought })
  const moved = movesCollection ? { collection, ...written } : written
  const sum = (of: (walk: WalkRecord) => number): number =>
    moves.reduce((total, { from, to }) => total + of(to) - of(from), 0)
  let deleted = 0
  await journal.write(
    async (log, totals, now) => {
      const step = { runId: run.id, instanceId, now, walks, totals, log, ...moved }
      ;({ deleted } = await store.commitPage(step))
    },
    { lines, count: { pages: sum(({ pages }) => pages), rows: sum(countedRows) } },
  )
  journal.count({ deleted })
  return written.collection ?? collection
}

/** An empty set of ids of any form. */
export function newIdSet(): IdSet {
  return createIdSet((id) => createHash('sha256').update(id).digest())
}

/** The record of a walk that has not begun. */
export function newWalk(
  { runId, collection }: Pick<CollectionRecord, 'runId' | 'collection'>,
  shard = 0,
): WalkRecord {
  return { runId, collection, shard, state: 'walking', pages: 0, rows: 0, restarts: 0 }
}
