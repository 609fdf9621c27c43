import { isDriven, linkLeftBy, manifestOf } from '../imports/index.ts'
import type { Composition } from './compose.ts'

/** Among so many completed runs a complete one is looked for. */
const runsInView = 50

/** How an import of the configuration stands. */
export interface ImportHealth {
  readonly name: string
  /** Since its last complete run ended. */
  readonly lastCompleteAgeMs?: number
  /** By collection: since Graph gave the link behind which the next changes begin. */
  readonly linkAgesMs: ReadonlyMap<string, number>
  /** By collection: cursors that read at the moment. */
  readonly cursors: ReadonlyMap<string, number>
}

/** Looks at every import of the configuration. */
export async function readImportHealth(
  composition: Pick<Composition, 'config' | 'store' | 'clock' | 'identity'>,
): Promise<readonly ImportHealth[]> {
  const { config } = composition
  return await Promise.all(Object.keys(config.imports).map((name) => healthOf(composition, name)))
}

async function healthOf(
  { clock, identity, store }: Pick<Composition, 'store' | 'clock' | 'identity'>,
  name: string,
): Promise<ImportHealth> {
  const now = clock.now()
  const [newest] = await store.runs.listRuns({ name, limit: 1 })
  const runs = await store.runs.listRuns({ name, limit: runsInView, state: 'completed' })
  const complete = runs.find(({ verdict }) => verdict === 'complete')
  const [completed] = runs
  const links = completed === undefined ? [] : await store.runs.listProgress(completed.id)
  const linkAgesMs = links.flatMap(({ collection }) => {
    const link = linkLeftBy(collection)
    return link === undefined ? [] : [[collection.collection, now - link.takenAt] as const]
  })
  const live =
    newest !== undefined && isDriven(newest, identity, now)
      ? manifestOf(newest, await store.runs.listProgress(newest.id))
      : []
  const cursors = live
    .filter(({ state }) => state === 'reading')
    .map(({ record, walks, finishedShards }) => {
      const left = walks.length - finishedShards
      return [record.collection, Math.min(record.plan?.cursors ?? 1, left)] as const
    })
  return {
    name,
    ...(complete?.finishedAt === undefined ? {} : { lastCompleteAgeMs: now - complete.finishedAt }),
    linkAgesMs: new Map(linkAgesMs),
    cursors: new Map(cursors),
  }
}
