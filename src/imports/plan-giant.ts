import { collections, type CollectionName, type RelationCast } from '../directory/index.ts'
import { formatDuration, isEvergrantError } from '../kernel/index.ts'
import type { WalkDependencies } from './commit-step.ts'
import { countRows, isAboutCounting } from './count-collection.ts'
import { chooseCursors, fewPages, shardTarget, type CursorFacts } from './cursor-count.ts'
import { isGone, isRefused } from './members-reader.ts'
import { firstPartUrl, partCountUrl, type RelatedPart } from './page-url.ts'
import type { WalkRecord } from './ports.ts'
import { planShards, type Shard } from './shard-plan.ts'
import { createShardSource, pageTokenRoom, sampleNames, type Sample } from './shard-source.ts'

/** A part of what a giant leads to, as a walk of its own reads it. */
export type GiantPart = Required<Pick<WalkRecord, 'cast' | 'label' | 'expected'>> &
  Pick<WalkRecord, 'filter'>

/** Counts of the casts and of all there is are asked for at once, so often until they agree. */
const mostCounts = 3

/** Members of one type. */
interface Counted extends RelationCast {
  readonly rows: number
}

/**
 * Decides in which parts the edges of a source are read that has very many: by their types, and
 * those of a type by the beginnings of a text that each of them has. Undefined where it is read by
 * one cursor, as it comes: there are few, one cursor was asked for, it is fast enough, or Graph
 * refuses what such parts need; the log says which, unless nobody would wonder.
 *
 * Counts of the types must add up to that of all. Else there are edges of a type nobody has asked
 * about, and no part would bring them.
 */
export async function planGiant(
  deps: WalkDependencies,
  collection: CollectionName,
  sourceId: string,
  pageSize: number,
): Promise<readonly GiantPart[] | undefined> {
  const { clock, journal, run } = deps
  const { concurrency: asked = 1 } = run.options
  const { casts } = collections[collection].relation ?? {}
  if (casts === undefined || asked === 1) return undefined
  const startedAt = clock.monotonic()
  let questions = 0
  try {
    return await plan(casts)
  } catch (error) {
    if (!isEvergrantError(error)) throw error
    // Whoever reads it meets the same, and knows what that means.
    if (isGone(error) || isRefused(error)) return undefined
    if (!isAboutCounting(error)) throw error
    return told(error.detail)
  }

  async function plan(all: readonly RelationCast[]): Promise<readonly GiantPart[] | undefined> {
    const total = await count({})
    if (total < fewPages * pageSize) return undefined
    const facts: CursorFacts = { asked, total, pageSize, latencyMs: Infinity }
    const counted = await countCasts(all)
    const found = counted.casts.reduce((sum, { rows }) => sum + rows, 0)
    if (found !== counted.total) {
      return told(`its types count ${found} of ${counted.total} ${collection}`)
    }
    const [largest, ...others] = counted.casts.toSorted((a, b) => b.rows - a.rows)
    if (largest?.text === undefined) return told('what it has most of is not cut')
    const sample = await sampleOf(largest.type, largest.text)
    const { cursors, why } = chooseCursors({ ...facts, latencyMs: sample.fetchMs })
    if (cursors === 1) return told(why)
    const target = shardTarget(total, cursors, pageSize)
    const cut = await cutCast(largest, target, sample)
    if (cut.parts.length === 1) return told(cut.whole ?? why)
    const more = await Promise.all(
      others.filter(({ rows }) => rows > 0).map((cast) => cutCast(cast, target)),
    )
    const parts = [cut, ...more].flatMap((one) => one.parts)
    return told(why, parts, Math.min(cursors, parts.length))
  }

  async function countCasts(
    all: readonly RelationCast[],
  ): Promise<{ readonly total: number; readonly casts: readonly Counted[] }> {
    for (let times = 1; ; times++) {
      const [total, ...counts] = await Promise.all([
        count({}),
        ...all.map(({ type }) => count({ cast: type })),
      ])
      const found = counts.reduce((sum, rows) => sum + rows, 0)
      if (found !== total && times < mostCounts) continue
      return { total, casts: all.map((cast, i) => ({ ...cast, rows: counts[i] ?? 0 })) }
    }
  }

  async function cutCast(
    { type: cast, text: property, rows }: Counted,
    target: number,
    known?: Sample,
  ): Promise<{ readonly parts: readonly GiantPart[]; readonly whole?: string }> {
    const label = `group ${sourceId}: ${cast}`
    const one: GiantPart = { cast, label, expected: rows }
    if (property === undefined || rows <= target * 1.5) return { parts: [one] }
    const limits = {
      property,
      mayLack: property === 'displayName',
      target,
      urlLength: (filter: string) => partUrl({ cast, filter }).length + pageTokenRoom,
    }
    const sample = known ?? (await sampleOf(cast, property))
    const source = createShardSource(deps, questionsOf(cast, property), sample)
    const { shards, asked: times, whole } = await planShards(source, limits, rows)
    questions += times
    if (whole !== undefined) return { parts: [one], whole }
    return {
      parts: withoutRepeats(shards, property, rows).map(
        ({ filter, label: names = '', expected }) => ({
          cast,
          label: `${label} ${names}`,
          expected,
          ...(filter === undefined ? {} : { filter }),
        }),
      ),
    }
  }

  async function sampleOf(cast: string, property: string): Promise<Sample> {
    return await sampleNames(deps, questionsOf(cast, property))
  }

  function questionsOf(cast: string, property: string): Parameters<typeof createShardSource>[1] {
    return {
      collection,
      property,
      countUrl: (filter) => partCountUrl(run.options, collection, sourceId, { cast, filter }),
      sampleUrl: (filter) =>
        partUrl({ cast, ...(filter === undefined ? {} : { filter }) }, 999, property),
    }
  }

  function partUrl(part: RelatedPart, size = pageSize, column?: string): string {
    return firstPartUrl(run.options, collection, sourceId, part, size, column)
  }

  async function count(part: RelatedPart): Promise<number> {
    questions++
    return await countRows(deps, partCountUrl(run.options, collection, sourceId, part), collection)
  }

  /** Tells the log what was decided. */
  function told(
    reason: string,
    parts?: readonly GiantPart[],
    cursors = 1,
  ): readonly GiantPart[] | undefined {
    const took = formatDuration(Math.round(clock.monotonic() - startedAt))
    journal.note({
      type: 'group_planned',
      collection,
      groupId: sourceId,
      cursors,
      shards: parts?.length ?? 1,
      detail: `${reason}; ${questions} questions in ${took}`,
    })
    return parts
  }
}

/**
 * Parts of which each member is in one alone. Whether those without the text are in a rest as well
 * is for Graph to say; met twice, they would not agree with any count of all.
 */
function withoutRepeats(
  shards: readonly Shard[],
  property: string,
  rows: number,
): readonly Shard[] {
  const nameless = shards.find(({ filter }) => filter === `${property} eq null`)
  const found = shards.reduce((sum, { expected }) => sum + expected, 0)
  const isRepeated = nameless !== undefined && found - rows === nameless.expected && found > rows
  return isRepeated ? shards.filter((shard) => shard !== nameless) : shards
}
