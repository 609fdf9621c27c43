type JsonObject = Readonly<Record<string, unknown>>

/** What stands in a signed JWT, unverified. */
export interface JwtContent {
  readonly header: JsonObject
  readonly claims: JsonObject
}

const longestJwt = 65_536

/**
 * Reads header and claims of a signed JWT in compact form without verifying anything; undefined
 * when the text is none. RFC 7519 section 3, RFC 7515 section 3.1.
 */
export function readJwt(text: string): JwtContent | undefined {
  if (text.length > longestJwt) return undefined
  const parts = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(text)
  if (parts === null) return undefined
  const [, head = '', body = ''] = parts
  const header = readPart(head)
  const claims = readPart(body)
  return header === undefined || claims === undefined ? undefined : { header, claims }
}

function readPart(part: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}
