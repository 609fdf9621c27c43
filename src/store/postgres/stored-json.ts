/** An escape in JSON: a whole surrogate pair, one that PostgreSQL refuses, or any other. */
const escapes =
  /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(u0000|u[dD][89a-fA-F][\da-fA-F]{2})|[^])/g

/**
 * JSON as PostgreSQL reads it back. Its `json` makes no text of `\u0000` or of half a surrogate
 * pair, and a single such row would break every look at the views: U+FFFD takes their place. All
 * else stays the characters it was.
 */
export function storedJson(json: string): string {
  if (!/\\u(?:0000|d[89a-f])/i.test(json)) return json
  return json.replaceAll(escapes, (escape, refused: string | undefined) =>
    refused === undefined ? escape : '\\ufffd',
  )
}
