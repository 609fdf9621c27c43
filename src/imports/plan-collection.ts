import { collections, type CollectionName } from '../directory/index.ts'
import { formatDuration } from '../kernel/index.ts'
import { newWalk, type WalkDependencies } from './commit-step.ts'
import { chooseCursors, shardTarget, type CursorFacts } from './cursor-count.ts'
import { cutBy } from './cut-by.ts'
import { countUrl, firstPageUrl, sampleUrl } from './page-url.ts'
import type { CollectionRecord, Progress } from './ports.ts'
import { planShards, type Shard, type ShardPlan } from './shard-plan.ts'
import { createShardSource, pageTokenRoom, sampleNames } from './shard-source.ts'

/** A first answer has its own reasons to be slow; one of less than this is worth a second look. */
const doubtfulMs = 150

/**
 * Decides, before the first page, with how many cursors a collection is read, and which part of it
 * each of them reads. Where Graph refuses advanced queries (Azure AD B2C), or where a plan is not
 * worth its questions, it is one, and the log says so.
 */
export async function planCollection(
  deps: WalkDependencies,
  record: CollectionRecord,
): Promise<Progress> {
  const { clock, run } = deps
  const { pageSize, concurrency: asked = 1 } = run.options
  const { collection, countBefore: total } = record
  const property = cutBy[collection]
  if (property === undefined) return oneCursor(record, whyWhole(collection))
  if (asked === 1) return oneCursor(record, 'as asked')
  const startedAt = clock.monotonic()
  const facts: CursorFacts = { asked, total, pageSize, latencyMs: Infinity }
  const atMost = chooseCursors(facts)
  if (total === undefined || atMost.cursors === 1) return told(atMost.why)
  const questions = {
    collection,
    property,
    countUrl: (filter: string) => countUrl(run.options, { collection, filter }),
    sampleUrl: (filter: string | undefined) =>
      sampleUrl(run.options, { collection, ...(filter === undefined ? {} : { filter }) }, property),
  }
  const sample = await sampleNames(deps, questions)
  let choice = chooseCursors({ ...facts, latencyMs: sample.fetchMs })
  if (asked === 'auto' && choice.cursors > 1 && sample.fetchMs < doubtfulMs) {
    const again = await sampleNames(deps, questions)
    const latencyMs = Math.min(sample.fetchMs, again.fetchMs)
    choice = chooseCursors({ ...facts, latencyMs })
  }
  const { cursors, why } = choice
  if (cursors === 1) return told(why)
  const plan = await planShards(
    createShardSource(deps, questions, sample),
    {
      property,
      mayLack: property === 'displayName',
      target: shardTarget(total, cursors, pageSize),
      urlLength: (filter) =>
        firstPageUrl(run.options, { collection, filter }, pageSize).length + pageTokenRoom,
    },
    total,
  )
  if (plan.whole !== undefined) return told(plan.whole, plan)
  return told(why, plan, cursors)

  function told(reason: string, made?: ShardPlan, most = 1): Progress {
    const shards: readonly Shard[] = made?.shards ?? []
    const progress =
      shards.length > 1 ? severalCursors(record, reason, shards, most) : oneCursor(record, reason)
    const took = formatDuration(Math.round(clock.monotonic() - startedAt))
    const cost = made === undefined ? '' : `; ${made.asked} questions in ${took}`
    deps.journal.note({
      type: 'collection_planned',
      collection,
      cursors: progress.collection.plan?.cursors ?? 1,
      shards: progress.walks.length,
      detail: `${reason}${cost}`,
    })
    return progress
  }
}

/** Why a collection that has nothing to be cut by is read as a whole. */
function whyWhole(collection: CollectionName): string {
  const { relation, sources = 'objects' } = collections[collection]
  return relation === undefined
    ? `Graph lets ${collection} not be cut into parts`
    : `one list of ${sources}, read for several of them at a time`
}

function oneCursor(record: CollectionRecord, why: string): Progress {
  return { collection: { ...record, plan: { cursors: 1, why } }, walks: [newWalk(record)] }
}

function severalCursors(
  record: CollectionRecord,
  why: string,
  shards: readonly Shard[],
  most: number,
): Progress {
  return {
    collection: { ...record, plan: { cursors: Math.min(most, shards.length), why } },
    walks: shards.map((shard, number) => ({ ...newWalk(record, number), ...shard })),
  }
}
