import { collections } from '../directory/index.ts'
import type { Destination } from './destination.ts'
import type { RunRecord, RunStore } from './ports.ts'

/** Writes rows into the store itself: each step in one transaction with the cursor behind it. */
export function createStoreDestination(store: RunStore, run: RunRecord): Destination {
  const { tenantId } = run.options
  const { sequence } = run
  return {
    openWalk: (walk) => Promise.resolve(walk),
    // One page a transaction: it holds the write lock that others wait for.
    pagesPerCommit: 1,
    write: ({ from, to, batch }) => {
      const { kind } = collections[from.collection]
      if (kind === 'member') {
        const edges = batch.flatMap((rows) => rows.edges ?? [])
        return Promise.resolve({ walk: to, edges: { tenantId, sequence, edges } })
      }
      const page = batch[0]?.page
      if (page === undefined) return Promise.resolve({ walk: to })
      return Promise.resolve({ walk: to, rows: { tenantId, kind, sequence, page } })
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
