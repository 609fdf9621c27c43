/**
 * Anything that some server on the way might read as another path than we do: characters that no
 * URL holds, `#` and backslashes, empty segments, dot segments (also encoded, and with a `;`
 * behind, which Java servers cut off), encoded slashes, backslashes and control characters, those
 * once more encoded, overlong UTF-8, and a `%` that encodes nothing.
 */
const ambiguous =
  /[^\x21-\x7e]|[\\#]|\/\/|\/(?:\.|%2e){1,2}(?=[/;]|%3b|$)|%(?:2f|5c|c0|c1|[01][\da-f]|7f)|%25(?:25)*(?:2f|5c|2e|[01][\da-f]|7f)|%(?![\da-f]{2})/i

/** What must not stand in a query: it ends there for one reader and not for another. */
const unfitForQuery = /[^\x21-\x7e]|#/

/**
 * Tells whether a path, which begins with `/`, means the same to every server and stays below where
 * it is appended. Encoded slashes are always refused, also where an API would accept them.
 */
export function isPlainPath(path: string): boolean {
  return !ambiguous.test(path)
}

/** Tells whether a query, `?` included, can be passed on byte for byte. */
export function isPlainQuery(query: string): boolean {
  return !unfitForQuery.test(query)
}
