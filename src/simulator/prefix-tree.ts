/** Finds which of many texts begin with a prefix, as indexes in ascending order. */
export interface PrefixTree {
  startingWith(prefix: string): Uint32Array
}

interface Branch {
  readonly indexes: Uint32Array
  /** By the next code unit; made once somebody asks for more than this branch's prefix. */
  children?: ReadonlyMap<number, Branch>
}

const nobody: Branch = { indexes: new Uint32Array(0), children: new Map() }

/**
 * Makes a tree over texts; undefined ones begin with nothing. Branches are split only where
 * somebody asks, one pass over a branch each: sorting 400,000 names took seconds, and no order is
 * needed.
 */
export function createPrefixTree(texts: readonly (string | undefined)[]): PrefixTree {
  const all = Uint32Array.from(texts.keys()).filter((index) => texts[index] !== undefined)
  const root: Branch = { indexes: all }
  return {
    startingWith: (prefix) => {
      let branch = root
      for (let depth = 0; depth < prefix.length; depth++) {
        branch.children ??= split(texts, branch.indexes, depth)
        branch = branch.children.get(prefix.charCodeAt(depth)) ?? nobody
      }
      return branch.indexes
    },
  }
}

/** Cuts a branch by the code unit at a depth; texts that end there are in none of the pieces. */
function split(
  texts: readonly (string | undefined)[],
  indexes: Uint32Array,
  depth: number,
): ReadonlyMap<number, Branch> {
  const sizes = new Map<number, number>()
  for (const index of indexes) {
    const text = texts[index] as string
    if (text.length === depth) continue
    const unit = text.charCodeAt(depth)
    sizes.set(unit, (sizes.get(unit) ?? 0) + 1)
  }
  const pieces = new Map<number, { readonly indexes: Uint32Array; length: number }>()
  for (const [unit, size] of sizes) pieces.set(unit, { indexes: new Uint32Array(size), length: 0 })
  for (const index of indexes) {
    const text = texts[index] as string
    const piece = text.length === depth ? undefined : pieces.get(text.charCodeAt(depth))
    if (piece !== undefined) piece.indexes[piece.length++] = index
  }
  return pieces
}
