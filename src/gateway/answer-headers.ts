/** Headers of an answer: by name, or as a flat list of names and values as Node’s `rawHeaders`. */
export type AnswerHeaders =
  Readonly<Record<string, string | readonly string[] | undefined>> | readonly string[]

/**
 * Returns a header’s value, several ones joined by a comma and a blank; undefined when it is
 * absent.
 *
 * @param name In lower case.
 */
export function headerOf(headers: AnswerHeaders, name: string): string | undefined {
  if (!isFlat(headers)) {
    const value = headers[name]
    if (typeof value === 'string') return value
    if (Array.isArray(value)) return value.join(', ')
  }
  let found: string | undefined
  for (const [header, value] of pairsOf(headers)) {
    if (header.length !== name.length || header.toLowerCase() !== name) continue
    found = found === undefined ? value : `${found}, ${value}`
  }
  return found
}

/** Every header as name and value, in order. */
export function* pairsOf(headers: AnswerHeaders): Generator<readonly [string, string]> {
  if (isFlat(headers)) {
    for (let i = 0; i + 1 < headers.length; i += 2) yield [headers[i] ?? '', headers[i + 1] ?? '']
    return
  }
  for (const name in headers) {
    const value = headers[name]
    if (typeof value === 'string') yield [name, value]
    else if (value !== undefined) yield [name, value.join(', ')]
  }
}

function isFlat(headers: AnswerHeaders): headers is readonly string[] {
  return Array.isArray(headers)
}
