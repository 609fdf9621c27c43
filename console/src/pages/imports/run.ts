import type { Operations } from '../../../../src/client/index.ts'

/** A run of an import as the API tells it. */
export type Run = Operations['imports.show']['result']

/** An import of the configuration. */
export type ConfiguredImport = Operations['imports.configured']['result']['items'][number]

/** One walk of a collection. */
export type Walk = NonNullable<Run['walks']>[number]

/** A line of the job execution log. */
export type LogLine = Operations['imports.log']['result']['items'][number]

/** Whether more may still happen without anybody doing anything. */
export function isLive({ state }: Pick<Run, 'state'>): boolean {
  return state === 'running' || state === 'waiting'
}

/** Rows a second while it read; undefined before anything was read. */
export function speedOf({ rows, active_ms: activeMs }: Run): number | undefined {
  return activeMs > 0 && rows > 0 ? Math.round((rows * 1_000) / activeMs) : undefined
}

/** All walks of one collection, added up. */
export interface CollectionSum {
  readonly collection: string
  readonly walks: number
  readonly isFinished: boolean
  readonly rows: number
  readonly distinct: number | undefined
  readonly groups: number | undefined
  readonly restarts: number
  readonly before: number | undefined
  readonly after: number | undefined
  readonly verdict: string | undefined
  readonly detail: string | undefined
  readonly deleted: number | undefined
  readonly deletionNote: string | undefined
}

/** The collections of a run in their order, the walks of each added up. */
export function collectionsOf({ collections, walks = [] }: Run): readonly CollectionSum[] {
  return collections.map((collection) => {
    const own = walks.filter((walk) => walk.collection === collection)
    const first = own[0]
    return {
      collection,
      walks: own.length,
      isFinished: own.length > 0 && own.every(({ state }) => state === 'finished'),
      rows: own.reduce((sum, { rows }) => sum + rows, 0),
      distinct: sumOf(own, (walk) => walk.distinct_rows),
      groups: sumOf(own, (walk) => walk.groups),
      restarts: own.reduce((sum, { restarts }) => sum + restarts, 0),
      before: first?.count_before ?? undefined,
      after: first?.count_after ?? undefined,
      verdict: first?.verdict ?? undefined,
      detail: first?.detail ?? undefined,
      deleted: sumOf(own, (walk) => walk.deleted),
      deletionNote: first?.deletion_note ?? undefined,
    }
  })
}

function sumOf(
  walks: readonly Walk[],
  numberOf: (walk: Walk) => number | null,
): number | undefined {
  const known = walks.map(numberOf).filter((value) => value !== null)
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0)
}
