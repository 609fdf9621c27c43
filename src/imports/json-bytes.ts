/** What a body is not: JSON of the expected form. */
export class PageSyntaxError extends Error {
  override readonly name = 'PageSyntaxError'
  readonly offset: number

  /** @param expected What should stand at `offset`. */
  constructor(offset: number, expected: string) {
    super(expected)
    this.offset = offset
  }
}

/** A position behind some JSON, and whether line breaks stood between its tokens. */
export interface Passage {
  /** Set when white space that was passed over held a line break; never cleared here. */
  sawLineBreak: boolean
}

const quote = 0x22
const backslash = 0x5c
/** Deeper nesting than any directory object has is refused: a hostile body cannot exhaust the stack. */
const maxDepth = 64

/** Bytes that end the quick way through a string: its quote, escapes, control characters. */
const endsRun = new Uint8Array(256)
endsRun.fill(1, 0, 0x20)
endsRun[quote] = 1
endsRun[backslash] = 1

/** Passes over white space. */
export function skipSpace(body: Uint8Array, from: number, passage: Passage): number {
  for (let at = from; ; at++) {
    const byte = body[at]
    if (byte === 0x0a || byte === 0x0d) passage.sawLineBreak = true
    else if (byte !== 0x20 && byte !== 0x09) return at
  }
}

/**
 * Passes over the string whose quote stands at `from` and returns the offset behind it.
 *
 * @throws PageSyntaxError for what RFC 8259 section 7 does not allow, and for `expected` that is
 *   none.
 */
export function skipString(body: Uint8Array, from: number, expected = 'a string'): number {
  if (body[from] !== quote) throw new PageSyntaxError(from, expected)
  let at = from + 1
  for (;;) {
    while (endsRun[body[at] ?? 0] === 0) at++
    const byte = body[at]
    if (byte === quote) return at + 1
    if (byte !== backslash) throw new PageSyntaxError(at, 'no control character in a string')
    at = skipEscape(body, at)
  }
}

/** Passes over one value of any kind. @throws PageSyntaxError */
export function skipValue(body: Uint8Array, at: number, passage: Passage, depth: number): number {
  if (depth > maxDepth) throw new PageSyntaxError(at, 'shallower nesting')
  const byte = body[at]
  if (byte === quote) return skipString(body, at)
  if (byte === 0x6e) return skipWord(body, at, 'null')
  if (byte === 0x74) return skipWord(body, at, 'true')
  if (byte === 0x66) return skipWord(body, at, 'false')
  if (byte === 0x5b) return skipArray(body, at, passage, depth)
  if (byte === 0x7b) return skipObject(body, at, passage, depth)
  return skipNumber(body, at)
}

/**
 * Passes over what stands between two elements: true for `more` when another follows.
 *
 * @param close The byte that ends the list.
 */
export function skipSeparator(
  body: Uint8Array,
  from: number,
  passage: Passage,
  close: number,
  expected: string,
): { readonly at: number; readonly more: boolean } {
  const at = skipSpace(body, from, passage)
  if (body[at] === close) return { at: at + 1, more: false }
  if (body[at] !== 0x2c) throw new PageSyntaxError(at, expected)
  return { at: skipSpace(body, at + 1, passage), more: true }
}

/** Passes over a colon with the white space around it. */
export function skipColon(body: Uint8Array, from: number, passage: Passage): number {
  const at = skipSpace(body, from, passage)
  if (body[at] !== 0x3a) throw new PageSyntaxError(at, '":"')
  return skipSpace(body, at + 1, passage)
}

/** Passes over a number (RFC 8259 section 6). @throws PageSyntaxError */
export function skipNumber(body: Uint8Array, from: number): number {
  let at = from
  if (body[at] === 0x2d) at++
  if (body[at] === 0x30) at++
  else at = skipDigits(body, at)
  if (body[at] === 0x2e) at = skipDigits(body, at + 1)
  if (body[at] === 0x65 || body[at] === 0x45) {
    at++
    if (body[at] === 0x2b || body[at] === 0x2d) at++
    at = skipDigits(body, at)
  }
  return at
}

function skipObject(body: Uint8Array, from: number, passage: Passage, depth: number): number {
  let at = skipSpace(body, from + 1, passage)
  if (body[at] === 0x7d) return at + 1
  for (;;) {
    at = skipColon(body, skipString(body, at, 'a property name'), passage)
    const next = skipSeparator(
      body,
      skipValue(body, at, passage, depth + 1),
      passage,
      0x7d,
      '"," or "}"',
    )
    at = next.at
    if (!next.more) return at
  }
}

function skipArray(body: Uint8Array, from: number, passage: Passage, depth: number): number {
  let at = skipSpace(body, from + 1, passage)
  if (body[at] === 0x5d) return at + 1
  for (;;) {
    const next = skipSeparator(
      body,
      skipValue(body, at, passage, depth + 1),
      passage,
      0x5d,
      '"," or "]"',
    )
    at = next.at
    if (!next.more) return at
  }
}

function skipEscape(body: Uint8Array, at: number): number {
  switch (body[at + 1]) {
    case 0x22:
    case 0x5c:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return at + 2
    case 0x75:
      for (let i = at + 2; i < at + 6; i++) {
        if (!isHex(body[i] ?? 0)) throw new PageSyntaxError(i, 'four hexadecimal digits')
      }
      return at + 6
    default:
      throw new PageSyntaxError(at, 'a valid escape')
  }
}

function skipWord(body: Uint8Array, at: number, word: string): number {
  for (let i = 0; i < word.length; i++) {
    if (body[at + i] !== word.charCodeAt(i)) throw new PageSyntaxError(at, `"${word}"`)
  }
  return at + word.length
}

function skipDigits(body: Uint8Array, from: number): number {
  let at = from
  for (;;) {
    const byte = body[at] ?? 0
    if (byte < 0x30 || byte > 0x39) break
    at++
  }
  if (at === from) throw new PageSyntaxError(at, 'a JSON value')
  return at
}

function isHex(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x46) ||
    (byte >= 0x61 && byte <= 0x66)
  )
}
