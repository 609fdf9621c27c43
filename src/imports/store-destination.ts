import { collections, isEdgeKind } from '../directory/index.ts'
import type { Destination } from './destination.ts'
import type { RunRecord, RunStore } from './ports.ts'

/** Writes rows into the store itself: each step in one transaction with the cursors behind it. */
export function createStoreDestination(store: RunStore, run: RunRecord): Destination {
  const { tenantId } = run.options
  const { sequence } = run
  return {
    openCollection: (progress) => Promise.resolve(progress),
    // One page a transaction: it holds the write lock that others wait for.
    pagesPerCommit: 1,
    write: ({ collection, batch, gone: ids = [] }) => {
      const { kind } = collections[collection.collection]
      if (isEdgeKind(kind)) {
        const edges = batch.flatMap((rows) => rows.edges ?? [])
        return Promise.resolve({ edges: { tenantId, kind, sequence, edges } })
      }
      const page = batch[0]?.page
      return Promise.resolve({
        ...(page === undefined ? {} : { rows: { tenantId, kind, sequence, page } }),
        ...(ids.length === 0 ? {} : { gone: { tenantId, kind, sequence, ids } }),
      })
    },
    // Rows already there are simply met again: they are keyed by id.
    restart: () => Promise.resolve(),
    countDistinct: async ({ collection, delta }) => {
      const { kind } = collections[collection]
      // What has not changed since is held without being met.
      if (delta?.purpose !== 'since') return await store.countSeen(tenantId, kind, sequence)
      return (await store.countUnseen(tenantId, kind, sequence)).known
    },
    publish: () => Promise.resolve(undefined),
    discard: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}
