import type { LinkFacts } from '../alarms/index.ts'
import type { ImportConfig } from '../config/index.ts'
import { isCollectionName } from '../directory/index.ts'
import { deltaLinkLifeMs, linkLeftBy, tellsChanges } from '../imports/index.ts'
import type { Composition } from './compose.ts'

/** As many completed runs are looked at, as a run does that begins at the link of one. */
const runsInView = 50

/**
 * The links at which the next run of an import is to begin, of each collection that it reads by
 * changes; none of an import that reads everything, or of one that has not completed yet.
 */
export async function readDeltaLinks(
  { runs }: Pick<Composition['store'], 'runs'>,
  name: string,
  configured: Pick<ImportConfig, 'collections' | 'delta'> | undefined,
): Promise<readonly LinkFacts[]> {
  const wanted =
    configured?.delta === true
      ? configured.collections.filter(isCollectionName).filter(tellsChanges)
      : []
  if (wanted.length === 0) return []
  const completed = await runs.listRuns({ name, limit: runsInView, state: 'completed' })
  const found: LinkFacts[] = []
  for (const collection of wanted) {
    const last = completed.find(({ options }) => options.collections.includes(collection))
    if (last === undefined) continue
    const progress = await runs.listProgress(last.id)
    const record = progress.find((one) => one.collection.collection === collection)?.collection
    const link = record === undefined ? undefined : linkLeftBy(record)
    const note = record?.delta?.note
    found.push(
      link === undefined
        ? {
            collection,
            runId: last.id,
            at: last.finishedAt ?? last.updatedAt,
            ...(note === undefined ? {} : { note }),
          }
        : { collection, takenAt: link.takenAt, endsAt: link.takenAt + deltaLinkLifeMs },
    )
  }
  return found
}
