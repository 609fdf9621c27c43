import { isEvergrantError } from '../kernel/index.ts'
import { isAboutCounting } from './count-collection.ts'
import type { ReadPart } from './giant-parts.ts'
import { isGone } from './members-reader.ts'
import type { RelatedPart } from './page-url.ts'
import { tolerance } from './verdict.ts'

/** Parts of which Graph counts more or less than they brought are read again so often. */
const mostRounds = 2
/** Counts that are asked for at once can still be of different moments. */
const mostCounts = 3

/** What parts brought, compared with what Graph counts now. */
export interface GiantCheck {
  /**
   * `agrees`: they are all there is. `again`: some changed, or brought not all of theirs. `fails`:
   * something is in none of them, or Graph does not count any more.
   */
  readonly outcome: 'agrees' | 'again' | 'fails'
  readonly rows: number
  /** Null where Graph would not say. */
  readonly count: number | null
  readonly detail?: string
  /** The parts that differ from their counts. */
  readonly differing: readonly ReadPart[]
}

/**
 * Compares what the parts of a giant brought with counts of each part and of all, asked for at
 * once. Each has to agree to the row: what moved, while they were read, to a part that was read
 * already is then found by reading both again. What still changes after that may differ by 0.1 % of
 * all, as long as Graph gave each part to its end. What no part explains may not differ at all: it
 * would be missing for good.
 *
 * @param count Asks Graph for the count of a part, or of all.
 * @param rounds How often parts were read again before.
 * @throws What `count` throws, unless it is a refusal to count.
 */
export async function checkGiant(
  count: (part: RelatedPart) => Promise<number>,
  rounds: number,
  parts: readonly ReadPart[],
): Promise<GiantCheck> {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0)
  try {
    for (let times = 1; ; times++) {
      const [total, ...counts] = await Promise.all([count({}), ...parts.map(count)])
      const differing = parts.filter((part, i) => part.rows !== counts[i])
      const found = { rows, count: total, differing, ...describe(differing) }
      if (differing.length > 0 && rounds < mostRounds) return { outcome: 'again', ...found }
      const explained = counts.reduce((sum, one) => sum + one, 0)
      if (explained !== total && times < mostCounts) continue
      const away = parts.reduce((sum, part, i) => sum + Math.abs(part.rows - (counts[i] ?? 0)), 0)
      const isNear = away <= total * tolerance && !differing.some(({ isShort }) => isShort === true)
      return { outcome: explained === total && isNear ? 'agrees' : 'fails', ...found }
    }
  } catch (error) {
    if (!isEvergrantError(error)) throw error
    if (isGone(error) || !isAboutCounting(error)) throw error
    return { outcome: 'fails', rows, count: null, differing: [], detail: error.detail }
  }
}

function describe([first, ...more]: readonly ReadPart[]): { readonly detail?: string } {
  if (first === undefined) return {}
  const others = more.length === 0 ? '' : ` and ${more.length} more`
  return { detail: `Graph counts others in ${first.label}${others}` }
}
