/** Reads one place of a parsed JSON document; undefined where there is nothing. */
export type JsonPointer = (document: unknown) => unknown

/**
 * Compiles a JSON pointer (RFC 6901): `''` is the whole document, `/errors/0/code` a member of an
 * array’s first element, `~1` a slash and `~0` a tilde in a name. Indexes are written without
 * leading zeros, and `-`, the place past an array’s end, is never there. Undefined when it is
 * none.
 */
export function compileJsonPointer(pointer: string): JsonPointer | undefined {
  if (pointer !== '' && !pointer.startsWith('/')) return undefined
  if (/~(?![01])/.test(pointer)) return undefined
  const names = pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
  return (document) => {
    let place = document
    for (const name of names) {
      if (typeof place !== 'object' || place === null) return undefined
      if (Array.isArray(place)) {
        if (!/^(?:0|[1-9]\d{0,8})$/.test(name)) return undefined
        place = (place as unknown[])[Number(name)]
      } else {
        if (!Object.hasOwn(place, name)) return undefined
        place = (place as Record<string, unknown>)[name]
      }
    }
    return place
  }
}
