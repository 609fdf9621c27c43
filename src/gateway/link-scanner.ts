/** The members whose values are links, as Graph and OData name them. */
const linkMembers: ReadonlySet<string> = new Set([
  '@odata.nextLink',
  '@odata.deltaLink',
  'odata.nextLink',
  'odata.deltaLink',
])

/** Longer names and links than these are passed on as they are (bytes). */
const longestName = 64
const longestLink = 65_536

/** Looks through JSON as it passes and changes links in it. */
export interface LinkScanner {
  /** Returns what of the JSON can be passed on now, in order. */
  push(piece: Buffer): readonly Buffer[]
  /** Returns what was held back. */
  end(): readonly Buffer[]
}

const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const colon = 0x3a
const comma = 0x2c

/**
 * Makes a scanner that changes the links of the outermost object alone, whatever names are deeper
 * inside. Nothing is buffered but the name or link it is in. What is no JSON object passes
 * untouched.
 *
 * @param rewrite Returns the link to put in its place; the same one leaves its bytes as they were.
 */
export function createLinkScanner(rewrite: (link: string) => string): LinkScanner {
  let depth = 0
  let isBegun = false
  let isPlain = false
  let isInString = false
  let isEscaped = false
  /** In the outermost object: whether a string that begins now is a member’s name. */
  let awaitsName = false
  let capturing: 'name' | 'link' | undefined
  let member: string | undefined
  /** What was captured in earlier pieces, its opening quote included. */
  let captured: Buffer[] = []
  let capturedBytes = 0

  function settle(): Buffer | undefined {
    const raw = Buffer.concat(captured)
    captured = []
    capturedBytes = 0
    if (capturing === 'name') {
      member = raw.length <= longestName * 6 ? parse(raw) : undefined
      return raw
    }
    const link = parse(raw)
    if (link === undefined) return raw
    const changed = rewrite(link)
    return changed === link ? raw : Buffer.from(JSON.stringify(changed))
  }

  function push(piece: Buffer): readonly Buffer[] {
    if (isPlain) return [piece]
    const out: Buffer[] = []
    let from = 0
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i] as number
      if (isInString) {
        if (isEscaped) isEscaped = false
        else if (byte === backslash) isEscaped = true
        else if (byte === quote) {
          isInString = false
          if (capturing !== undefined) {
            captured.push(piece.subarray(from, i + 1))
            const settled = settle()
            if (settled !== undefined) out.push(settled)
            capturing = undefined
            from = i + 1
          }
        }
        continue
      }
      switch (byte) {
        case quote:
          isInString = true
          if (depth === 1) {
            const isLink = !awaitsName && member !== undefined && linkMembers.has(member)
            if (awaitsName || isLink) {
              capturing = awaitsName ? 'name' : 'link'
              if (i > from) out.push(piece.subarray(from, i))
              from = i
            }
          } else if (depth === 0) isPlain = true
          break
        case openBrace:
        case openBracket:
          depth++
          if (depth === 1) {
            if (byte === openBracket) isPlain = true
            isBegun = true
            awaitsName = true
          }
          break
        case closeBrace:
        case closeBracket:
          depth--
          if (depth <= 0) isPlain = true
          break
        case colon:
          if (depth === 1) awaitsName = false
          break
        case comma:
          if (depth === 1) {
            awaitsName = true
            member = undefined
          }
          break
        default:
          // Blanks and a byte order mark may come first; anything else is no object.
          if (!isBegun && byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf) {
            isPlain = true
          }
      }
      if (isPlain) break
    }
    if (isPlain || capturing === undefined) {
      if (from < piece.length) out.push(piece.subarray(from))
      return out
    }
    const rest = piece.subarray(from)
    captured.push(rest)
    capturedBytes += rest.length
    if (capturedBytes > longestLink) {
      // Too long to be one of ours: the rest of it passes as it is.
      out.push(...captured)
      captured = []
      capturedBytes = 0
      member = undefined
      capturing = undefined
    }
    return out
  }

  return {
    push,
    end: () => {
      const rest = captured
      captured = []
      return rest
    },
  }
}

function parse(raw: Buffer): string | undefined {
  try {
    const value: unknown = JSON.parse(raw.toString('utf8'))
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
