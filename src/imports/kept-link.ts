import { collections, type CollectionName } from '../directory/index.ts'
import type { CollectionRecord, DeltaPlace } from './ports.ts'

/** Graph keeps the delta links of a directory for so long. */
export const deltaLinkLifeMs = 7 * 86_400_000

/**
 * True where Graph tells what has become of each row, or of edges: which sources have others now,
 * so that a run can read changes alone.
 */
export function tellsChanges(collection: CollectionName): boolean {
  const { deltaColumns, deltaPath } = collections[collection]
  return deltaPath !== undefined && deltaColumns === undefined
}

/** The link that a run left of a collection, behind which the next changes begin. */
export function linkLeftBy({ delta }: CollectionRecord): DeltaPlace | undefined {
  return delta?.end ?? delta?.begin
}
