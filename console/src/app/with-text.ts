/** A query with one text changed; an empty one is left out of the address. */
export function withText<Query extends object>(
  query: Query,
  name: keyof Query,
  text: string,
): Query {
  const { [name]: _, ...others } = query
  return (text === '' ? others : { ...others, [name]: text }) as Query
}
