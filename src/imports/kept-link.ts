import { collections, type CollectionName } from '../directory/index.ts'
import type { CollectionRecord, DeltaPlace, RunOptions } from './ports.ts'

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

/** Columns whose changes no delta tells; asked for, they would cost the delta of all others. */
const untracked: ReadonlySet<string> = new Set(['signinactivity', 'manager'])

/** True for a column whose changes no delta tells, whatever the case of its name. */
export function isUntracked(column: string): boolean {
  return untracked.has(column.toLowerCase())
}

/** A collection that every run reads whole, though it was asked for changes alone. */
export interface UntoldCollection {
  readonly collection: CollectionName
  /** Columns that no delta tells of; none where it tells nothing of the collection. */
  readonly columns: readonly string[]
}

/**
 * Names what a run with `delta` reads whole every time, as far as that is known before Graph is
 * asked.
 */
export function untoldOf({
  collections: names,
  columns,
}: Pick<RunOptions, 'collections' | 'columns'>): readonly UntoldCollection[] {
  return names.flatMap((collection) => {
    if (!tellsChanges(collection)) return [{ collection, columns: [] }]
    const untold = (columns[collection] ?? []).filter(isUntracked)
    return untold.length === 0 ? [] : [{ collection, columns: untold }]
  })
}

/** The link that a run left of a collection, behind which the next changes begin. */
export function linkLeftBy({ delta }: CollectionRecord): DeltaPlace | undefined {
  return delta?.end ?? delta?.begin
}
