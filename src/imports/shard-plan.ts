import {
  createAsking,
  Refused,
  type Asking,
  type CountRefusal,
  type ShardSource,
} from './shard-counts.ts'
import { splitPrefix, type Cell, type Part } from './split-prefix.ts'
import { anyOf, labelOf, maximumOrClauses, restOf } from './shard-filters.ts'

/** What a plan must keep to. */
export interface ShardLimits {
  /** The text that prefixes are taken of, e.g. `userPrincipalName`. */
  readonly property: string
  /** Rows may have no such text: they are a shard of their own. Default false. */
  readonly mayLack?: boolean
  /** Rows that a shard should hold; up to half as many more are borne. */
  readonly target: number
  /** Length of the whole URL that a filter makes. */
  urlLength(filter: string): number
  /** Longest URL that is taken. Default 2,048, as Graph has it for advanced queries. */
  readonly maxUrlLength?: number
  /** Most questions of both kinds. Default 150. */
  readonly maxAsked?: number
}

/** What one cursor reads. */
export interface Shard {
  /** Undefined: all there is. */
  readonly filter?: string
  /** The same for people. */
  readonly label?: string
  readonly expected: number
}

/** How a collection is cut, or why it is not. */
export interface ShardPlan {
  /** Together they find every row, some perhaps twice; the largest first. */
  readonly shards: readonly Shard[]
  /** Questions asked. */
  readonly asked: number
  /** Present when there is one shard alone: why, for people. */
  readonly whole?: string
}

/** Parts may count less than the whole by this share and a few: rows go while they are counted. */
const toleratedShare = 0.001
const toleratedRows = 10

/**
 * Cuts a collection into shards by the beginnings of a text, no deeper than the counts call for.
 *
 * Whatever changes meanwhile, whatever the counts were and whatever characters the texts are made
 * of: every row is found by a shard, since of every beginning that was cut there is a shard with
 * the rest. Where Graph refuses such a rest a plan with fewer exceptions is tried, and where it
 * refuses that as well, or even a plain `startsWith`, the collection stays whole. Rows without such
 * a text may be in no rest (`not` of nothing is nothing): where there can be any, a shard asks for
 * them, and where Graph refuses that question, parts that count less than the whole are no plan.
 */
export async function planShards(
  source: ShardSource,
  limits: ShardLimits,
  total: number,
): Promise<ShardPlan> {
  const { maxAsked = 150, maxUrlLength = 2_048, property, urlLength } = limits
  if (urlLength(anyOf(property, ['aaaa', 'bbbb'])) > maxUrlLength) {
    return wholePlan(total, 0, 'its columns leave no room in a URL for the filter of a part')
  }
  const asking = createAsking(source, maxAsked)
  const first = await attempt(asking, limits, total, Infinity)
  if (!('refused' in first)) return first
  // Graph may count the clauses of the whole filter.
  const second = await attempt(asking, limits, total, maximumOrClauses - 1)
  if (!('refused' in second)) return second
  return wholePlan(total, asking.asked(), `Graph refuses to count parts of it: ${second.refused}`)
}

function wholePlan(total: number, asked: number, whole: string): ShardPlan {
  return { shards: [{ expected: total }], asked, whole }
}

async function attempt(
  asking: Asking,
  limits: ShardLimits,
  total: number,
  maxExcluded: number,
): Promise<ShardPlan | CountRefusal> {
  const { maxUrlLength = 2_048, property, target, urlLength } = limits
  const fits = (filter: string): boolean => urlLength(filter) <= maxUrlLength
  const cutAbove = target * 1.5
  try {
    const means = { asking, property, target, cutAbove, maxExcluded, fits }
    const [cells, nameless] = await Promise.all([
      splitPrefix(means, total),
      namelessOf(asking, limits),
    ])
    const rests = cells.filter((cell) => cell.kind === 'rest')
    if (rests.length === 0) {
      return wholePlan(total, asking.asked(), 'its names cannot be told apart by their beginnings')
    }
    const parts = mergeSmall(cells.filter(isPart), property, target, fits)
    const named = [...parts, ...rests].reduce((sum, { rows }) => sum + rows, 0)
    const found = named + (nameless?.expected ?? 0)
    const isTold = nameless !== undefined || limits.mayLack !== true
    const tolerated = isTold ? total * toleratedShare + toleratedRows : 0
    if (found < total - tolerated) {
      const why = `its parts count ${found} of ${total} rows, so that some might belong to none`
      return wholePlan(total, asking.asked(), why)
    }
    const shards = [
      ...parts.map(({ prefixes, rows }) => ({
        filter: anyOf(property, prefixes),
        label: labelOf(prefixes),
        expected: rows,
      })),
      ...rests.map(({ prefix, excluded, rows }) => {
        const filter = restOf(property, prefix, excluded)
        return {
          ...(filter === undefined ? {} : { filter }),
          label: prefix === '' ? 'the rest' : `rest of ${prefix}`,
          expected: rows,
        }
      }),
      ...(nameless === undefined ? [] : [nameless]),
    ]
    return { shards: shards.toSorted((a, b) => b.expected - a.expected), asked: asking.asked() }
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message }
    throw error
  }
}

/** The shard of rows without a text; undefined where there are none, or where there is no telling. */
async function namelessOf(
  asking: Asking,
  { mayLack = false, property }: ShardLimits,
): Promise<Shard | undefined> {
  if (!mayLack) return undefined
  const filter = `${property} eq null`
  try {
    return { filter, label: `no ${property}`, expected: await asking.count(filter) }
  } catch (error) {
    if (error instanceof Refused) return undefined
    throw error
  }
}

/** Joins parts that are too small for a cursor of their own, the smallest first. */
function mergeSmall(
  parts: readonly Part[],
  property: string,
  target: number,
  fits: (filter: string) => boolean,
): readonly Part[] {
  const merged: Part[] = []
  for (const part of parts.toSorted((a, b) => a.rows - b.rows)) {
    const last = merged.at(-1)
    const prefixes = [...(last?.prefixes ?? []), ...part.prefixes]
    const rows = (last?.rows ?? 0) + part.rows
    const isOne =
      last !== undefined &&
      rows <= target &&
      prefixes.length <= maximumOrClauses &&
      fits(anyOf(property, prefixes))
    if (isOne) merged[merged.length - 1] = { kind: 'part', prefixes, rows }
    else merged.push(part)
  }
  return merged
}

function isPart(cell: Cell): cell is Part {
  return cell.kind === 'part'
}
