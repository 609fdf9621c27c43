/** Reads texts of the address’s query: the same address shows the same again. */
export function textsOf<Name extends string>(
  ...names: readonly Name[]
): (query: Record<string, unknown>) => { readonly [N in Name]?: string } {
  return (query) => {
    const found = names.flatMap((name) => {
      const value = query[name]
      return typeof value === 'string' && value !== '' ? [[name, value] as const] : []
    })
    return Object.fromEntries(found) as { readonly [N in Name]?: string }
  }
}
