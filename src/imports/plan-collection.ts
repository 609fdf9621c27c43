import { newWalk, type WalkDependencies } from './commit-step.ts'
import type { CollectionRecord, Progress } from './ports.ts'

/** Decides, before the first page, with how many cursors a collection is read. */
export async function planCollection(
  _deps: WalkDependencies,
  record: CollectionRecord,
): Promise<Progress> {
  return await Promise.resolve({
    collection: { ...record, plan: { cursors: 1, why: 'one cursor' } },
    walks: [newWalk(record)],
  })
}
