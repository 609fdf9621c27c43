/** A text one character longer than its parent, and its share of the parent's rows. */
export interface Continuation {
  readonly prefix: string
  readonly share: number
}

// How common characters are where names of people and things begin, and within them; what Graph
// allows in a userPrincipalName is all here. Only a guess that steers: counts decide.
const beginning = weights(
  [10, 'am'],
  [9, 'sj'],
  [6, 'cdlr'],
  [4.5, 'ektbnp'],
  [3, 'hgfvi'],
  [1.5, 'woyz'],
  [0.5, 'uxq'],
  [0.4, '0123456789'],
  [0.05, `'.-_!#^~@ `],
)
const within = weights(
  [11, 'ae'],
  [8, 'inor'],
  [5.5, 'lst'],
  [3.5, 'humdc.'],
  [1.7, 'ykgbpv'],
  [1, 'wfjz0123456789 '],
  [0.4, '_-@xq'],
  [0.05, `'!#^~`],
)
const control = /\p{Cc}/u
/** As much as so many names of a sample weighs what is guessed besides. */
const guessWeight = 2

/**
 * Guesses how the rows that begin with `prefix` go on, most common first. Names that were seen
 * weigh more than what is common; none that is possible is left out.
 *
 * @param names Names in lower case; those that do not begin with the prefix count for nothing.
 * @param others Names of that collection, to see what they are made of.
 * @param doubted The sample was found to mislead: it tells what there is, not how much of it.
 */
export function continuationsOf(
  prefix: string,
  names: readonly string[],
  doubted: boolean,
  others: readonly string[] = names,
): readonly Continuation[] {
  const seen = new Map<string, number>()
  let total = 0
  for (const name of names) {
    if (!name.startsWith(prefix)) continue
    total++
    const next = characterAt(name, prefix.length)
    if (next !== undefined) seen.set(next, (seen.get(next) ?? 0) + 1)
  }
  const guesses = prefix === '' ? beginning : habitsOf(prefix, others)
  const known = doubted ? 0 : total
  return [...new Set([...seen.keys(), ...guesses.keys()])]
    .map((character) => {
      const times = seen.get(character) ?? 0
      const count = doubted ? Math.min(times, guessWeight / 20) : times
      const guess = guesses.get(character) ?? 0
      const share = (count + guessWeight * guess) / (known + guessWeight)
      return { prefix: prefix + character, share }
    })
    .toSorted((a, b) => b.share - a.share || (a.prefix < b.prefix ? -1 : 1))
}

/**
 * The longest text that nearly all of the names that begin with `prefix` begin with; the prefix
 * itself when they part behind it.
 */
export function commonBeginning(prefix: string, names: readonly string[]): string {
  let here = names.filter((name) => name.startsWith(prefix))
  const enough = here.length * 0.95
  let shared = prefix
  while (here.length > 1 && shared.length - prefix.length < 64) {
    const [first] = continuationsOf(shared, here, false)
    if (first === undefined) return shared
    const further = here.filter((name) => name.startsWith(first.prefix))
    if (further.length < enough) return shared
    here = further
    shared = first.prefix
  }
  return shared
}

/**
 * Which characters the names of a sample are made of as far in as `prefix` ends, before any domain,
 * mixed with what is common elsewhere: staff numbers are digits, whichever of them a sorted sample
 * holds.
 */
function habitsOf(prefix: string, names: readonly string[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  let total = 0
  for (const name of names.slice(0, 200)) {
    const end = name.search(/@|#ext#/)
    for (const character of name.slice(prefix.length, end === -1 ? undefined : end)) {
      if (!character.isWellFormed() || control.test(character)) continue
      times.set(character, (times.get(character) ?? 0) + 1)
      total++
    }
  }
  if (total === 0) return within
  return new Map(
    [...new Set([...within.keys(), ...times.keys()])].map((character) => {
      const share = (times.get(character) ?? 0) / total
      return [character, 0.8 * share + 0.2 * (within.get(character) ?? 0)]
    }),
  )
}

/** The whole character at a position; undefined at the end, and for what is half of one. */
function characterAt(text: string, at: number): string | undefined {
  const point = text.codePointAt(at)
  if (point === undefined) return undefined
  const character = String.fromCodePoint(point)
  return character.isWellFormed() && !control.test(character) ? character : undefined
}

/** Shares of characters, given how many rows in a hundred begin with each of a group. */
function weights(...groups: readonly (readonly [number, string])[]): ReadonlyMap<string, number> {
  const total = groups.reduce((sum, [weight, characters]) => sum + weight * characters.length, 0)
  return new Map(
    groups.flatMap(([weight, characters]) =>
      Array.from(characters, (character) => [character, weight / total] as const),
    ),
  )
}
