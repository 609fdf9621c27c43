import { commonBeginning, continuationsOf, type Continuation } from './name-weights.ts'
import { anyOf, chunksOf, maximumOrClauses, restOf } from './shard-filters.ts'
import type { Asking } from './shard-counts.ts'

/** Rows that begin with any of some prefixes. */
export interface Part {
  readonly kind: 'part'
  readonly prefixes: readonly string[]
  readonly rows: number
}

/** Rows below a prefix that was cut, beyond those of its parts. */
export interface Rest {
  readonly kind: 'rest'
  readonly prefix: string
  readonly excluded: readonly string[]
  readonly rows: number
}

/** A piece of a collection. */
export type Cell = Part | Rest

/** What cutting needs to know. */
export interface SplitMeans {
  readonly asking: Asking
  readonly property: string
  readonly target: number
  /** Larger pieces are cut. */
  readonly cutAbove: number
  /** Most prefixes that one rest may exclude. */
  readonly maxExcluded: number
  fits(filter: string): boolean
}

/** With fewer names than this a sample says little; a further one is asked for. */
const leastNames = 24
/** So many say how much of each continuation there is, if they are no particular ones. */
const manyNames = 100
/** Prefixes of a common beginning that are counted at once. */
const beginningsAtOnce = 12
/** How often what is left of a prefix is looked at before it stays as it is. */
const mostTurns = 4
/** Questions kept for the rests of long beginnings, */
const reservedForBeginnings = 10
/** And for pieces that are far too large, while others are little more than a shard. */
const reservedForLarge = 40

/** Cuts a collection of so many rows. */
export async function splitPrefix(means: SplitMeans, rows: number): Promise<readonly Cell[]> {
  const { asking, cutAbove, fits, maxExcluded, property, target } = means
  /**
   * A sample that spoke of few rows as if they were many (a sorted list does) is doubted from then
   * on.
   */
  let doubted = false
  return cut('', rows, [])

  async function cut(
    here: string,
    rowsHere: number,
    known: readonly string[],
  ): Promise<readonly Cell[]> {
    const whole: Part = { kind: 'part', prefixes: [here], rows: rowsHere }
    if (rowsHere <= cutAbove || !mayAsk(2, rowsHere)) return [whole]
    // Where samples mislead, they show how names go on alike, which is no help to the small.
    const isWorthIt = !doubted || rowsHere > 4 * cutAbove
    const isKnown = known.filter((name) => name.startsWith(here)).length >= leastNames
    const names = isKnown || !isWorthIt ? known : await asking.sample(restOf(property, here, []))
    const beginning = await longBeginning(here, rowsHere, names)
    if (beginning !== undefined) {
      const { prefixes, rows: below } = beginning
      const [left, cells] = await Promise.all([
        countRest(here, prefixes),
        cut(prefixes[0] ?? here, below, names),
      ])
      return [{ kind: 'rest', prefix: here, excluded: prefixes, rows: left }, ...cells]
    }
    const { parts, left } = await fan(here, rowsHere, names)
    if (parts.length === 0) return [whole]
    const excluded = parts.flatMap(({ prefixes }) => prefixes)
    const rest: Rest = { kind: 'rest', prefix: here, excluded, rows: left }
    // The largest first, so that they are cut while questions are left.
    const largest = parts.toSorted((a, b) => b.rows - a.rows)
    const cells = await Promise.all(largest.map((part) => cutPart(part, names)))
    return [rest, ...cells.flat()]
  }

  async function cutPart(part: Part, names: readonly string[]): Promise<readonly Cell[]> {
    const [only, ...others] = part.prefixes
    if (only === undefined || part.rows <= cutAbove) return [part]
    if (others.length === 0) return cut(only, part.rows, names)
    const groups = chunksOf(part.prefixes, Math.ceil(part.prefixes.length / 4))
    if (!mayAsk(groups.length, part.rows)) return [part]
    const smaller = await countAll(groups)
    return (await Promise.all(smaller.map((piece) => cutPart(piece, names)))).flat()
  }

  /**
   * Where nearly all names go on alike (staff numbers do), finds how far by counting the beginnings
   * they share at once, rather than going down letter by letter.
   */
  async function longBeginning(
    here: string,
    rowsHere: number,
    names: readonly string[],
  ): Promise<Part | undefined> {
    const shared = commonBeginning(here, names)
    const steps = Array.from(shared.slice(here.length))
    if (steps.length < 2) return undefined
    const stride = Math.ceil(steps.length / beginningsAtOnce)
    const lengths = steps.flatMap((_, i) => ((steps.length - 1 - i) % stride === 0 ? [i + 1] : []))
    if (!mayAsk(lengths.length)) return undefined
    const beginnings = await countAll(
      lengths.map((length) => [here + steps.slice(0, length).join('')]),
    )
    return beginnings.findLast((part) => rowsHere - part.rows <= target)
  }

  /** Counts the likeliest continuations until what is left behind them is no more than a shard. */
  async function fan(
    here: string,
    rowsHere: number,
    sampled: readonly string[],
  ): Promise<{ readonly parts: readonly Part[]; readonly left: number }> {
    let names = sampled
    let parts: readonly Part[] = []
    let left = rowsHere
    const counted = new Set<string>()
    let isStuck = false
    for (let turn = 0; turn < mostTurns && left > cutAbove; turn++) {
      if (turn > 0) names = await namesOfRest(here, parts, names, isStuck)
      const excluded = parts.flatMap(({ prefixes }) => prefixes)
      const likely = continuationsOf(here, names, doubted, sampled).filter(
        (next) => !counted.has(next.prefix),
      )
      const taken = takeLikeliest(here, likely, left, excluded)
      const groups = packGroups(taken, left)
      if (groups.length === 0 || !mayAsk(groups.length + 1)) break
      for (const next of taken) counted.add(next.prefix)
      const beyond = [...excluded, ...taken.map((next) => next.prefix)]
      const [found, rowsBeyond] = await Promise.all([countAll(groups), countRest(here, beyond)])
      const rowsFound = found.reduce((sum, part) => sum + part.rows, 0)
      const foreseen = taken.reduce((sum, next) => sum + next.share, 0) * left
      // Few names tell less of what is rare.
      const borne = names.length < manyNames ? 0.5 : 0.8
      if (turn === 0 && foreseen > target && rowsFound < foreseen * borne) doubted = true
      isStuck = rowsFound < left / 10
      parts = [...parts, ...found]
      left = rowsBeyond
      ;({ parts, left } = leaveSmall(parts, left))
    }
    return { parts, left }
  }

  /** The likeliest, as many as it takes and as the rest can name. */
  function takeLikeliest(
    here: string,
    likely: readonly Continuation[],
    left: number,
    excluded: readonly string[],
  ): readonly Continuation[] {
    const shares = likely.reduce((sum, next) => sum + next.share, 0)
    const taken: Continuation[] = []
    let remaining = left
    for (const next of likely) {
      if (remaining <= target || excluded.length + taken.length >= maxExcluded) break
      const all = [...excluded, ...taken.map((other) => other.prefix), next.prefix]
      if (!fits(restOf(property, here, all) ?? '')) break
      const share = next.share / shares
      taken.push({ ...next, share })
      remaining -= share * left
    }
    return taken
  }

  /** Continuations that are counted together, since they are foreseen to be one shard. */
  function packGroups(taken: readonly Continuation[], left: number): readonly string[][] {
    const groups: { readonly prefixes: string[]; rows: number }[] = []
    for (const next of taken) {
      const foreseen = next.share * left
      const last = groups.at(-1)
      const hasRoom =
        last !== undefined &&
        last.rows + foreseen <= target &&
        last.prefixes.length < maximumOrClauses &&
        fits(anyOf(property, [...last.prefixes, next.prefix]))
      if (hasRoom) {
        last.prefixes.push(next.prefix)
        last.rows += foreseen
      } else groups.push({ prefixes: [next.prefix], rows: foreseen })
    }
    return groups.map(({ prefixes }) => prefixes)
  }

  /** Leaves to the rest what is too little for a cursor, as long as the rest stays one shard. */
  function leaveSmall(
    parts: readonly Part[],
    left: number,
  ): { readonly parts: readonly Part[]; readonly left: number } {
    const kept: Part[] = []
    let remaining = left
    for (const part of parts.toSorted((a, b) => a.rows - b.rows)) {
      const isLeft = part.rows === 0 || (part.rows <= target / 4 && remaining + part.rows <= target)
      if (isLeft) remaining += part.rows
      else kept.push(part)
    }
    return { parts: kept, left: remaining }
  }

  async function namesOfRest(
    here: string,
    parts: readonly Part[],
    names: readonly string[],
    isStuck: boolean,
  ): Promise<readonly string[]> {
    const excluded = parts.flatMap(({ prefixes }) => prefixes)
    const rest = names.filter((name) => !excluded.some((prefix) => name.startsWith(prefix)))
    if (!isStuck && (doubted || rest.length >= leastNames)) return rest
    return mayAsk(1) ? asking.sample(restOf(property, here, excluded)) : rest
  }

  /** Counts what is left of a prefix: Graph must take its filter, and no row may be in neither. */
  async function countRest(here: string, excluded: readonly string[]): Promise<number> {
    return await asking.count(restOf(property, here, excluded) ?? '')
  }

  function countAll(groups: readonly (readonly string[])[]): Promise<readonly Part[]> {
    return Promise.all(
      groups.map(async (prefixes) => {
        const counted = await asking.count(anyOf(property, prefixes))
        return { kind: 'part', prefixes, rows: counted } as const
      }),
    )
  }

  function mayAsk(questions: number, rowsHere = Infinity): boolean {
    const large = rowsHere > cutAbove * 1.5 ? 0 : reservedForLarge
    return asking.mayAsk(questions + reservedForBeginnings + large)
  }
}
