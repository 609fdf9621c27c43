/** How what was read is cut into what one commit takes. */
export interface PortionRules<T> {
  /** So many rows are enough for one. */
  readonly rows: number
  readonly rowsOf: (item: T) => number
  /** What no other may be committed with: it changes what was brought before it. */
  readonly standsAlone: (item: T) => boolean
}

/** Cuts items into portions, in order. */
export function* portionsOf<T>(
  items: readonly T[],
  { rows: enough, rowsOf, standsAlone }: PortionRules<T>,
): Generator<readonly T[]> {
  let portion: T[] = []
  let rows = 0
  for (const item of items) {
    const isAlone = standsAlone(item)
    if (isAlone && portion.length > 0) {
      yield portion
      portion = []
      rows = 0
    }
    portion.push(item)
    rows += rowsOf(item)
    if (!isAlone && rows < enough) continue
    yield portion
    portion = []
    rows = 0
  }
  if (portion.length > 0) yield portion
}
