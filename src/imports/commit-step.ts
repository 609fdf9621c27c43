import { createHash } from 'node:crypto'
import type { Destination } from './destination.ts'
import { createIdSet, type IdSet } from './id-set.ts'
import type { ImportedRows } from './imported-rows.ts'
import type { LogBody, RunRecord, RunStore, WalkRecord } from './ports.ts'
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
}

/** Readies a walk in its destination, and counts what a lost commit of the store had left out. */
export async function openWalk(deps: WalkDependencies, walk: WalkRecord): Promise<WalkRecord> {
  const { destination, instanceId, journal, store } = deps
  const opened = await destination.openWalk(walk, (saved) =>
    journal.write((log, _totals, now) => store.updateWalk(saved, instanceId, log, now)),
  )
  if (opened.restarts === walk.restarts) {
    const rows = Math.max(opened.rows - walk.rows, 0)
    journal.count({ rows, pages: Math.max(opened.pages - walk.pages, 0) })
  }
  return opened
}

/**
 * Makes a step durable: rows in the destination, cursor, totals and log in the store.
 *
 * @param lines What the log tells once the step is committed.
 */
export async function commitStep(
  deps: WalkDependencies,
  step: {
    readonly from: WalkRecord
    readonly to: WalkRecord
    readonly batch: readonly ImportedRows[]
  },
  lines: readonly LogBody[],
): Promise<WalkRecord> {
  const { destination, instanceId, journal, run, store } = deps
  const { from, to } = step
  const { walk, ...given } = await destination.write(step)
  const finished: readonly LogBody[] =
    walk.state === 'walking'
      ? []
      : [
          {
            type: 'walk_finished',
            collection: walk.collection,
            rows: walk.rows,
            pages: walk.pages,
          },
        ]
  await journal.write(
    (log, totals, now) =>
      store.commitPage({ runId: run.id, instanceId, now, walk, totals, log, ...given }),
    {
      lines: [...lines, ...finished],
      count: { pages: to.pages - from.pages, rows: to.rows - from.rows },
    },
  )
  return walk
}

/** An empty set of ids of any form. */
export function newIdSet(): IdSet {
  return createIdSet((id) => createHash('sha256').update(id).digest())
}

/** The record of a walk that has not begun. */
export function newWalk(runId: string, collection: WalkRecord['collection']): WalkRecord {
  return {
    runId,
    collection,
    shard: 0,
    state: 'walking',
    pages: 0,
    rows: 0,
    restarts: 0,
    segmentBytes: 0,
  }
}
