/** Edits (insert, delete, replace, swap neighbours) that turn one text into the other. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let least = Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwap) least = Math.min(least, (beforePrevious[j - 2] ?? 0) + 1)
      row.push(least)
    }
    beforePrevious = previous
    previous = row
  }
  return previous[b.length] ?? 0
}

const bare = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

/**
 * Finds the known name that was most likely meant, or undefined when none is near. Case, dashes and
 * underscores do not count.
 */
export function suggest(seen: string, known: readonly string[]): string | undefined {
  if (seen.length > 64) return undefined
  const ranked = known
    .map((name) => ({ name, distance: editDistance(bare(seen), bare(name)) }))
    .toSorted((a, b) => a.distance - b.distance)
  const [best] = ranked
  if (best === undefined) return undefined
  const tolerance = best.name.length < 5 ? 1 : Math.max(2, Math.floor(best.name.length / 3))
  return best.distance <= tolerance ? best.name : undefined
}

/** Lists names for people: `"a", "b" or "c"`; `nothing` when there are none. */
export function listNames(names: readonly string[], word: 'and' | 'or' = 'or'): string {
  const quoted = names.map((name) => JSON.stringify(name))
  if (quoted.length < 2) return quoted[0] ?? 'nothing'
  return `${quoted.slice(0, -1).join(', ')} ${word} ${quoted.at(-1) ?? ''}`
}
