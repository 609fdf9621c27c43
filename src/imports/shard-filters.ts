/** Most clauses that Graph takes in one expression joined by `or`. */
export const maximumOrClauses = 15

/** Writes the filter of the rows whose text begins with any of the prefixes; 15 at most. */
export function anyOf(property: string, prefixes: readonly string[]): string {
  return prefixes.map((prefix) => startsWith(property, prefix)).join(' or ')
}

/**
 * Writes the filter of the rows below `prefix` (empty: all rows that have a value, at least) that
 * begin with none of the `excluded` prefixes; undefined when that is every row there is. `not`
 * exists in advanced mode alone.
 */
export function restOf(
  property: string,
  prefix: string,
  excluded: readonly string[],
): string | undefined {
  const within = prefix === '' ? [] : [startsWith(property, prefix)]
  const without = chunksOf(excluded, maximumOrClauses).map(
    (chunk) => `not(${anyOf(property, chunk)})`,
  )
  const clauses = [...within, ...without]
  return clauses.length === 0 ? undefined : clauses.join(' and ')
}

/** Names a part for people: `a`, `b, x, y`. */
export function labelOf(prefixes: readonly string[]): string {
  return prefixes.length > 6
    ? `${prefixes.slice(0, 5).join(', ')} and ${prefixes.length - 5} more`
    : prefixes.join(', ')
}

/** Cuts a list into pieces of `size` at most. */
export function chunksOf<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  )
}

function startsWith(property: string, prefix: string): string {
  return `startsWith(${property},'${prefix.replaceAll("'", "''")}')`
}
