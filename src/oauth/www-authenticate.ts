/** One challenge of a `WWW-Authenticate` header. */
export interface Challenge {
  /** The scheme in lower case: `bearer`, `pop`, `basic`. */
  readonly scheme: string
  /** Parameters by name; names in lower case, the first of a repeated name wins. */
  readonly parameters: ReadonlyMap<string, string>
  readonly token68?: string
}

const longestHeader = 32_768

/**
 * Reads every challenge of a `WWW-Authenticate` header, however many schemes share it and in
 * whatever order their parameters come. Never throws: what cannot be read is passed over.
 *
 * @see RFC 9110 section 11.6.1
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, longestHeader)
  const challenges: { scheme: string; parameters: Map<string, string>; token68?: string }[] = []
  let rest = text
  for (;;) {
    rest = rest.replace(/^[\s,]+/, '')
    if (rest === '') return challenges
    const current = challenges.at(-1)
    const parameter = /^([!#$%&'*+.^_`|~\w-]+)\s*=(?!=)\s*/.exec(rest)
    if (parameter !== null && current !== undefined) {
      const [matched, name = ''] = parameter
      const { value, length } = readValue(rest.slice(matched.length))
      rest = rest.slice(matched.length + length)
      const key = name.toLowerCase()
      if (!current.parameters.has(key)) current.parameters.set(key, value)
      continue
    }
    const scheme = /^([!#$%&'*+.^_`|~\w-]+)(?:\s+([\w.~+/-]+=*)(?=\s*(?:,|$)))?(?=[\s,]|$)/.exec(
      rest,
    )
    if (scheme === null) {
      rest = rest.replace(/^[^\s,]+/, '')
      continue
    }
    const [matched, name = '', token68] = scheme
    rest = rest.slice(matched.length)
    challenges.push({
      scheme: name.toLowerCase(),
      parameters: new Map(),
      ...(token68 === undefined ? {} : { token68 }),
    })
  }
}

/** Reads a quoted string, an unfinished one up to the end, or a bare value up to a comma or blank. */
function readValue(text: string): { readonly value: string; readonly length: number } {
  const quoted = /^"((?:[^"\\]|\\[\s\S])*)("|\\?$)/.exec(text)
  if (quoted !== null) {
    const [matched, value = ''] = quoted
    return { value: value.replaceAll(/\\([\s\S])/g, '$1'), length: matched.length }
  }
  const bare = /^[^\s,]*/.exec(text)?.[0] ?? ''
  return { value: bare, length: bare.length }
}
