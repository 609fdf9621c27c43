import { isUtf8 } from 'node:buffer'
import { err, ok, type Result } from '../kernel/index.ts'
import type { PageRows } from './ports.ts'

/**
 * A page of a Graph collection, its rows still as the bytes they came in. Parsing 400,000 rows into
 * objects only to serialise them again is most of what an import costs elsewhere; here the page is
 * checked against the JSON grammar once, and each row is cut out of it.
 */
export interface ScannedPage {
  readonly rows: PageRows
  readonly nextLink?: string
  readonly deltaLink?: string
  readonly count?: number
  /** Copies the rows as NDJSON, one line a row, in the page's order. */
  toNdjson(): Buffer
}

/** Why a body is not a page. */
export interface PageDefect {
  readonly detail: string
  /** Byte offset of the defect, where it has one. */
  readonly offset?: number
}

/** What a scan keeps of a row: its bytes, or its text where it had to be rewritten. */
interface RowTable {
  readonly starts: number[]
  readonly ends: number[]
  readonly ids: string[]
  readonly rewritten: Map<number, string>
}

class PageSyntaxError extends Error {
  readonly offset: number
  constructor(offset: number, expected: string) {
    super(expected)
    this.offset = offset
  }
}

const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const comma = 0x2c
const colon = 0x3a
/**
 * Deeper nesting than any directory object has is refused, so that a hostile body cannot exhaust
 * the stack.
 */
const maxDepth = 64

/**
 * Makes a scanner for rows that may hold `columns` and nothing else: other properties (annotations
 * such as `@odata.type`) are left out of the rows it cuts.
 */
export function createPageScanner(
  columns: readonly string[],
): (body: Buffer) => Result<ScannedPage, PageDefect> {
  const known = new Map<string, Buffer>(columns.map((name) => [name, Buffer.from(name)]))
  return (body) => {
    if (!isUtf8(body)) return err({ detail: 'the body is not UTF-8' })
    try {
      return ok(new Scan(body, known).page())
    } catch (error) {
      if (!(error instanceof PageSyntaxError)) throw error
      return err({
        detail: `expected ${error.message} at byte ${error.offset} of ${body.length}`,
        offset: error.offset,
      })
    }
  }
}

/** One pass over one body; `at` is the only moving part. */
class Scan {
  readonly #body: Buffer
  readonly #known: ReadonlyMap<string, Buffer>
  /** Keys of the row before, in order: rows of a page nearly always repeat them. */
  readonly #shape: Buffer[] = []
  #at = 0
  #sawLineBreak = false
  #keyEnd = 0

  constructor(body: Buffer, known: ReadonlyMap<string, Buffer>) {
    this.#body = body
    this.#known = known
  }

  page(): ScannedPage {
    const body = this.#body
    const links: { next?: string; delta?: string; count?: number } = {}
    let table: RowTable | undefined
    this.#space()
    this.#expect(openBrace, '"{" of a page')
    this.#space()
    if (body[this.#at] === closeBrace) this.#at++
    else {
      for (;;) {
        const key = this.#text('a property name')
        this.#space()
        this.#expect(colon, '":"')
        this.#space()
        if (key === 'value') {
          if (table !== undefined) throw new PageSyntaxError(this.#at, 'one "value" property only')
          table = this.#rows()
        } else if (key === '@odata.nextLink') links.next = this.#text('a link as text')
        else if (key === '@odata.deltaLink') links.delta = this.#text('a link as text')
        else if (key === '@odata.count') links.count = this.#wholeNumber()
        else this.#value(1)
        if (!this.#more(closeBrace, '"," or "}" after a property of the page')) break
      }
    }
    this.#space()
    if (this.#at !== body.length) throw new PageSyntaxError(this.#at, 'the end of the body')
    if (table === undefined) throw new PageSyntaxError(0, 'a page with a "value" array')
    return new CutPage(body, table, links)
  }

  #rows(): RowTable {
    const table: RowTable = { starts: [], ends: [], ids: [], rewritten: new Map() }
    this.#expect(openBracket, '"[" after "value"')
    this.#space()
    if (this.#body[this.#at] === closeBracket) {
      this.#at++
      return table
    }
    for (;;) {
      this.#row(table)
      if (!this.#more(closeBracket, '"," or "]" after a row')) return table
    }
  }

  #row(table: RowTable): void {
    const body = this.#body
    const start = this.#at
    let id: string | undefined
    let isExact = true
    let position = 0
    this.#sawLineBreak = false
    this.#expect(openBrace, '"{" of a row')
    this.#space()
    if (body[this.#at] === closeBrace) throw new PageSyntaxError(this.#at, 'a row with an "id"')
    for (;;) {
      const key = this.#rowKey(position++)
      if (key === undefined) isExact = false
      this.#space()
      this.#expect(colon, '":"')
      this.#space()
      if (key !== undefined && key.length === 2 && key[0] === 0x69 && key[1] === 0x64) {
        id = this.#text('the "id" of a row as text')
      } else this.#value(2)
      if (!this.#more(closeBrace, '"," or "}" after a property of a row')) break
    }
    if (id === undefined || id === '') throw new PageSyntaxError(start, 'a row with an "id"')
    if (!isExact || this.#sawLineBreak) {
      table.rewritten.set(table.ids.length, this.#rewrite(start, this.#at))
    }
    table.starts.push(start)
    table.ends.push(this.#at)
    table.ids.push(id)
  }

  /** Reads a row's property name; undefined when it is not one of the columns. */
  #rowKey(position: number): Buffer | undefined {
    const body = this.#body
    const guess = this.#shape[position]
    if (guess !== undefined && body[this.#at] === quote) {
      const from = this.#at + 1
      const end = from + guess.length
      if (body[end] === quote) {
        let i = 0
        while (i < guess.length && body[from + i] === guess[i]) i++
        if (i === guess.length) {
          this.#at = end + 1
          return guess
        }
      }
    }
    const key = this.#known.get(this.#text('a property name'))
    if (key !== undefined) this.#shape[position] = key
    return key
  }

  #rewrite(start: number, end: number): string {
    const row = JSON.parse(this.#body.toString('utf8', start, end)) as Record<string, unknown>
    const kept: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(row)) if (this.#known.has(key)) kept[key] = value
    return JSON.stringify(kept)
  }

  /** After an element: true when another follows, false when `close` ended the list. */
  #more(close: number, expected: string): boolean {
    this.#space()
    const byte = this.#body[this.#at++]
    if (byte === close) return false
    if (byte !== comma) throw new PageSyntaxError(this.#at - 1, expected)
    this.#space()
    return true
  }

  #value(depth: number): void {
    if (depth > maxDepth) throw new PageSyntaxError(this.#at, 'shallower nesting')
    switch (this.#body[this.#at]) {
      case quote:
        this.#string()
        return
      case openBrace:
        this.#object(depth)
        return
      case openBracket:
        this.#array(depth)
        return
      case 0x74:
        this.#word('true')
        return
      case 0x66:
        this.#word('false')
        return
      case 0x6e:
        this.#word('null')
        return
      default:
        this.#number()
    }
  }

  #object(depth: number): void {
    this.#at++
    this.#space()
    if (this.#body[this.#at] === closeBrace) {
      this.#at++
      return
    }
    do {
      if (this.#body[this.#at] !== quote) throw new PageSyntaxError(this.#at, 'a property name')
      this.#string()
      this.#space()
      this.#expect(colon, '":"')
      this.#space()
      this.#value(depth + 1)
    } while (this.#more(closeBrace, '"," or "}"'))
  }

  #array(depth: number): void {
    this.#at++
    this.#space()
    if (this.#body[this.#at] === closeBracket) {
      this.#at++
      return
    }
    do this.#value(depth + 1)
    while (this.#more(closeBracket, '"," or "]"'))
  }

  /**
   * Passes over a string; true when it holds escapes. Leaves its closing quote's offset in
   * `#keyEnd`.
   */
  #string(): boolean {
    const body = this.#body
    let at = this.#at + 1
    let hasEscapes = false
    for (;;) {
      const byte = body[at] ?? 0
      if (byte === quote) break
      if (byte === backslash) {
        hasEscapes = true
        at = this.#escape(at)
      } else if (byte < 0x20) throw new PageSyntaxError(at, 'no control character in a string')
      else at++
    }
    this.#keyEnd = at
    this.#at = at + 1
    return hasEscapes
  }

  #escape(at: number): number {
    const body = this.#body
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

  #text(expected: string): string {
    if (this.#body[this.#at] !== quote) throw new PageSyntaxError(this.#at, expected)
    const start = this.#at + 1
    if (!this.#string()) return this.#body.toString('utf8', start, this.#keyEnd)
    return JSON.parse(this.#body.toString('utf8', start - 1, this.#keyEnd + 1)) as string
  }

  #wholeNumber(): number {
    const start = this.#at
    this.#number()
    const value = Number(this.#body.toString('latin1', start, this.#at))
    if (!Number.isSafeInteger(value) || value < 0)
      throw new PageSyntaxError(start, 'a whole number')
    return value
  }

  /** RFC 8259 section 6. */
  #number(): void {
    const body = this.#body
    const start = this.#at
    let at = start
    if (body[at] === 0x2d) at++
    if (body[at] === 0x30) at++
    else at = digits(body, at)
    if (body[at] === 0x2e) at = digits(body, at + 1)
    if (body[at] === 0x65 || body[at] === 0x45) {
      at++
      if (body[at] === 0x2b || body[at] === 0x2d) at++
      at = digits(body, at)
    }
    this.#at = at
  }

  #word(word: string): void {
    for (let i = 0; i < word.length; i++) {
      if (this.#body[this.#at + i] !== word.charCodeAt(i)) {
        throw new PageSyntaxError(this.#at, `"${word}"`)
      }
    }
    this.#at += word.length
  }

  #expect(byte: number, expected: string): void {
    if (this.#body[this.#at] !== byte) throw new PageSyntaxError(this.#at, expected)
    this.#at++
  }

  #space(): void {
    const body = this.#body
    for (;;) {
      const byte = body[this.#at]
      if (byte === 0x0a || byte === 0x0d) this.#sawLineBreak = true
      else if (byte !== 0x20 && byte !== 0x09) return
      this.#at++
    }
  }
}

function digits(body: Buffer, from: number): number {
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

/** A scanned page over the body it was cut from. */
class CutPage implements ScannedPage, PageRows {
  readonly #body: Buffer
  readonly #table: RowTable
  readonly nextLink?: string
  readonly deltaLink?: string
  readonly count?: number

  constructor(
    body: Buffer,
    table: RowTable,
    links: { next?: string; delta?: string; count?: number },
  ) {
    this.#body = body
    this.#table = table
    if (links.next !== undefined) this.nextLink = links.next
    if (links.delta !== undefined) this.deltaLink = links.delta
    if (links.count !== undefined) this.count = links.count
  }

  get rows(): PageRows {
    return this
  }

  get length(): number {
    return this.#table.ids.length
  }

  get ids(): readonly string[] {
    return this.#table.ids
  }

  json(index: number): string {
    const { starts, ends, rewritten } = this.#table
    return rewritten.get(index) ?? this.#body.toString('utf8', starts[index] ?? 0, ends[index] ?? 0)
  }

  toNdjson(): Buffer {
    const { starts, ends, rewritten } = this.#table
    const count = starts.length
    const body = this.#body
    if (rewritten.size > 0) {
      const lines: string[] = []
      for (let i = 0; i < count; i++) lines.push(this.json(i))
      return Buffer.from(count === 0 ? '' : `${lines.join('\n')}\n`)
    }
    let size = count
    for (let i = 0; i < count; i++) size += (ends[i] ?? 0) - (starts[i] ?? 0)
    const out = Buffer.allocUnsafe(size)
    let at = 0
    for (let i = 0; i < count; i++) {
      at += body.copy(out, at, starts[i], ends[i])
      out[at++] = 0x0a
    }
    return out
  }
}
