import { applyFurtherRounds } from './apply-rounds.ts'
import type { WalkDependencies } from './commit-step.ts'
import { countCollection } from './count-collection.ts'
import type { IdSet } from './id-set.ts'
import type { CollectionRecord } from './ports.ts'
import { isWithin } from './verdict.ts'

/** How long to wait for what Graph has not told yet, look by look (ms). */
const pausesMs = [15_000, 30_000] as const

/**
 * Counts a collection that was read, there and here. Where several cursors have read and what
 * changed meanwhile was applied, it should hold what Graph counts now, not only what it counted at
 * some time since it began. Where it does not, Graph may be late: with the changes it tells, or
 * with its count. So a while later both are asked once more, and once again if that has moved
 * anything.
 *
 * @param known As in `applyRounds`.
 * @returns The collection with its counts, and with what was told late.
 */
export async function settleCounts(
  deps: WalkDependencies,
  collection: CollectionRecord,
  known: IdSet,
): Promise<CollectionRecord> {
  const { clock, control, journal } = deps
  let record = await counted(deps, collection)
  for (const waitMs of pausesMs) {
    const { countAfter, delta, distinctRows = 0 } = record
    const isBracket = delta?.purpose === 'bracket' && delta.state === 'applied'
    if (!isBracket || record.verdict !== undefined || countAfter === undefined) break
    if (isWithin(distinctRows, countAfter, countAfter)) break
    const facts = {
      collection: record.collection,
      distinct: distinctRows,
      count: countAfter,
      waitMs,
    }
    journal.note({ type: 'changes_awaited', ...facts })
    await journal.flush()
    await clock.sleep(waitMs, { signal: control.waits })
    record = await counted(deps, await applyFurtherRounds(deps, record, known))
    if (record.countAfter === countAfter && record.distinctRows === distinctRows) break
  }
  return record
}

async function counted(
  deps: WalkDependencies,
  record: CollectionRecord,
): Promise<CollectionRecord> {
  const { destination, run } = deps
  const countAfter = await countCollection(deps, run.options, record.collection, 'after')
  const distinctRows = await destination.countDistinct(record)
  return { ...record, distinctRows, ...(countAfter === undefined ? {} : { countAfter }) }
}
