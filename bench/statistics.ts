/** What several measurements of one thing come to. */
export interface Summary {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Sums measurements up. Throws for none, since a row without a measurement must not be printed. */
export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  const least = sorted[0]
  const most = sorted.at(-1)
  if (upper === undefined || least === undefined || most === undefined) {
    throw new RangeError('nothing was measured')
  }
  const lower = sorted.length % 2 === 0 ? (sorted[middle - 1] ?? upper) : upper
  return { median: (lower + upper) / 2, least, most }
}

/**
 * Sums up the ratio of ours to theirs, round by round, so that what slowed a whole round down
 * cancels out.
 */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Summary {
  if (ours.length !== theirs.length) throw new RangeError('the rounds of the sides differ')
  return summarize(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)))
}
