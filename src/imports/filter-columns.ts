/** Words of a filter that name nothing. */
const words: ReadonlySet<string> = new Set(
  'and or not eq ne gt ge lt le in has true false null'.split(' '),
)

/**
 * The properties that an OData filter may speak of, each once: what decides whether an object
 * belongs to a filtered collection. Names too many rather than too few; Graph says which it does
 * not know.
 */
export function filterColumns(filter: string): readonly string[] {
  const withoutTexts = filter.replaceAll(/'(?:[^']|'')*'/g, ' ')
  // Of a path its beginning; neither functions nor what a lambda calls the objects it looks at.
  const names = withoutTexts.match(/(?<![\w/:$-])[A-Za-z]\w*(?![-\w]|\s*[(:])/g) ?? []
  return [...new Set(names)].filter((name) => !words.has(name))
}
