import { collections, isEdgeKind } from '../directory/index.ts'
import type { Destination } from './destination.ts'
import { joinRows } from './join-pages.ts'
import type { CollectionRecord, RunRecord, RunStore } from './ports.ts'

/** Writes rows into the store itself: each step in one transaction with the cursors behind it. */
export function createStoreDestination(store: RunStore, run: RunRecord): Destination {
  const { tenantId } = run.options
  const { sequence } = run
  return {
    openCollection: (progress) => Promise.resolve(progress),
    // A transaction holds the write lock that others wait for, so it is of few pages.
    pagesPerCommit: 2,
    pauseMs: store.pauseMs,
    write: ({ collection, batch, gone: ids = [], unmet = [] }) => {
      const { kind } = collections[collection.collection]
      if (isEdgeKind(kind)) {
        const edges = batch.flatMap((rows) => rows.edges ?? [])
        const of = { tenantId, kind, sequence: edgeSequence(run, collection) }
        return Promise.resolve({
          ...(unmet.length === 0 ? {} : { unmet: { ...of, ids: unmet } }),
          ...(edges.length === 0 ? {} : { edges: { ...of, edges } }),
          ...(ids.length === 0 ? {} : { gone: { ...of, ids } }),
        })
      }
      const pages = batch.flatMap(({ page }) => page ?? [])
      return Promise.resolve({
        ...(pages.length === 0
          ? {}
          : { rows: { tenantId, kind, sequence, page: joinRows(pages) } }),
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

/**
 * The number under which a run meets edges. Those that changes bring stand under another one than
 * those of a whole read: where a run that began with changes reads everything after all, it has met
 * none of them.
 */
export function edgeSequence(
  { sequence }: Pick<RunRecord, 'sequence'>,
  { delta }: Pick<CollectionRecord, 'delta'>,
): number {
  return delta?.purpose === 'since' ? -sequence : sequence
}
