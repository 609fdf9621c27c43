import { collections } from '../directory/index.ts'
import type { Destination } from './destination.ts'
import type { RunRecord, RunStore } from './ports.ts'

/** Writes rows into the store itself: each page in one transaction with the cursor behind it. */
export function createStoreDestination(store: RunStore, run: RunRecord): Destination {
  const { tenantId } = run.options
  return {
    openWalk: (walk) => Promise.resolve(walk),
    // One page a transaction: it holds the write lock that others wait for.
    pagesPerCommit: 1,
    write: (walk, [page]) => {
      if (page === undefined) return Promise.resolve({ segmentBytes: 0 })
      const { kind } = collections[walk.collection]
      const rows = { tenantId, kind, sequence: run.sequence, page: page.rows }
      return Promise.resolve({ segmentBytes: 0, rows })
    },
    // Rows already there are simply met again: they are keyed by id.
    restartWalk: () => Promise.resolve(),
    countDistinct: (walk) =>
      store.countSeen(tenantId, collections[walk.collection].kind, run.sequence),
    publish: () => Promise.resolve(undefined),
    discard: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}
