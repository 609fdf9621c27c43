import { isUtf8 } from 'node:buffer'
import { err, ok, type Result } from '../kernel/index.ts'
import { sealRow, type ColumnSeal, type SealedValue } from './column-seal.ts'
import {
  PageSyntaxError,
  skipColon,
  skipNumber,
  skipSeparator,
  skipSpace,
  skipString,
  skipValue,
  type Passage,
} from './json-bytes.ts'
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
  /**
   * The rows as NDJSON, one line a row, in the page's order. Of a page in Graph's usual form it is
   * a view of the body itself, in which line feeds have taken the place of the commas between
   * rows.
   */
  toNdjson(): Buffer
  /**
   * Gives the memory of the body back at once, instead of whenever it is next collected; nothing
   * may be read of the page, or of what it gave as NDJSON, from then on.
   */
  release(): void
}

/** Why a body is not a page. */
export interface PageDefect {
  readonly detail: string
  /** Byte offset of the defect, where it has one. */
  readonly offset?: number
}

interface PageLinks {
  nextLink?: string
  deltaLink?: string
  count?: number
}

/** Where each row stands in the body; its text where it had to be rewritten. */
interface RowTable {
  readonly starts: number[]
  readonly ends: number[]
  readonly ids: string[]
  readonly rewritten: Map<number, string>
}

/**
 * Property names as they stand in a row, from the quote to the colon: `"displayName":`, by the name
 * in lower case, since Graph answers `$select=displayname` with its own spelling.
 */
type Keys = ReadonlyMap<string, Buffer>

/** What of a row is kept, and how. */
interface RowRules {
  readonly keys: Keys
  readonly seal: ColumnSeal | undefined
  /** The hashed property that a key stands for, once it was met; empty for others. */
  readonly sealed: WeakMap<Buffer, string>
}

/**
 * Makes a scanner for rows that may hold `columns` and nothing else: other properties (annotations
 * such as `@odata.type`) are left out of the rows it cuts.
 *
 * @param seal Hashes some of them; undefined where there is nothing to hash, as in our own files:
 *   rows in Graph's usual form then stay the bytes they are.
 */
export function createPageScanner(
  columns: readonly string[],
  seal: ColumnSeal | undefined,
): (body: Buffer) => Result<ScannedPage, PageDefect> {
  const keys: Keys = new Map(columns.map((name) => [name.toLowerCase(), Buffer.from(`"${name}":`)]))
  const rules: RowRules = { keys, seal, sealed: new WeakMap() }
  return (body) => {
    if (!isUtf8(body)) return err({ detail: 'the body is not UTF-8' })
    try {
      return ok(scanPage(body, rules))
    } catch (error) {
      if (!(error instanceof PageSyntaxError)) throw error
      return err({
        detail: `expected ${error.message} at byte ${error.offset} of ${body.length}`,
        offset: error.offset,
      })
    }
  }
}

function scanPage(body: Buffer, rules: RowRules): ScannedPage {
  const passage: Passage = { sawLineBreak: false }
  const links: PageLinks = {}
  let table: RowTable | undefined
  let at = skipSpace(body, 0, passage)
  if (body[at] !== 0x7b) throw new PageSyntaxError(at, '"{" of a page')
  at = skipSpace(body, at + 1, passage)
  let more = body[at] !== 0x7d
  if (!more) at++
  while (more) {
    const behindName = skipString(body, at, 'a property name')
    const name = textOf(body, at, behindName)
    at = skipColon(body, behindName, passage)
    if (name === 'value') {
      if (table !== undefined) throw new PageSyntaxError(at, 'one "value" property only')
      table = { starts: [], ends: [], ids: [], rewritten: new Map() }
      at = scanRows(body, at, rules, table)
    } else at = scanAnnotation(body, at, name, links, passage)
    ;({ at, more } = skipSeparator(
      body,
      at,
      passage,
      0x7d,
      '"," or "}" after a property of the page',
    ))
  }
  at = skipSpace(body, at, passage)
  if (at !== body.length) throw new PageSyntaxError(at, 'the end of the body')
  if (table === undefined) throw new PageSyntaxError(0, 'a page with a "value" array')
  return cutPage(body, table, links)
}

function scanAnnotation(
  body: Buffer,
  at: number,
  name: string,
  links: PageLinks,
  passage: Passage,
): number {
  if (name === '@odata.nextLink' || name === '@odata.deltaLink') {
    const end = skipString(body, at, 'a link as text')
    links[name === '@odata.nextLink' ? 'nextLink' : 'deltaLink'] = textOf(body, at, end)
    return end
  }
  if (name === '@odata.count') {
    const end = skipNumber(body, at)
    const count = Number(body.toString('latin1', at, end))
    if (!Number.isSafeInteger(count) || count < 0) throw new PageSyntaxError(at, 'a whole number')
    links.count = count
    return end
  }
  return skipValue(body, at, passage, 1)
}

function scanRows(body: Buffer, from: number, rules: RowRules, table: RowTable): number {
  const passage: Passage = { sawLineBreak: false }
  // Keys of the row before, in order: rows of a page nearly always repeat them.
  const shape: (Buffer | undefined)[] = []
  if (body[from] !== 0x5b) throw new PageSyntaxError(from, '"[" after "value"')
  let at = skipSpace(body, from + 1, passage)
  if (body[at] === 0x5d) return at + 1
  for (;;) {
    at = scanRow(body, at, rules, shape, table, passage)
    const next = skipSeparator(body, at, passage, 0x5d, '"," or "]" after a row')
    at = next.at
    if (!next.more) return at
  }
}

function scanRow(
  body: Buffer,
  start: number,
  rules: RowRules,
  shape: (Buffer | undefined)[],
  table: RowTable,
  passage: Passage,
): number {
  if (body[start] !== 0x7b) throw new PageSyntaxError(start, '"{" of a row')
  passage.sawLineBreak = false
  let at = skipSpace(body, start + 1, passage)
  let id: string | undefined
  let isExact = true
  let hidden: SealedValue[] | undefined
  for (let position = 0; ; position++) {
    let key = shape[position]
    if (key !== undefined && stands(body, at, key)) at = skipSpace(body, at + key.length, passage)
    else {
      const behindName = skipString(body, at, 'a row with an "id"')
      key = keyOf(rules.keys, textOf(body, at, behindName))
      shape[position] = key
      if (key === undefined) isExact = false
      at = skipColon(body, behindName, passage)
    }
    // Only `"id":` is five bytes long and begins with an i.
    if (key?.length === 5 && key[1] === 0x69 && key[2] === 0x64) {
      const end = skipString(body, at, 'the "id" of a row as text')
      if (id !== undefined) throw new PageSyntaxError(at, 'one "id" of a row only')
      id = textOf(body, at, end)
      // What only an escape can bring (NUL, half a surrogate pair) no database keeps apart.
      if (id.length < end - at - 2 && !isPlain(id)) throw new PageSyntaxError(at, 'a plain "id"')
      at = end
    } else {
      const from = at
      at = skipValue(body, at, passage, 2)
      if (rules.seal !== undefined && key !== undefined) {
        const property = sealedProperty(rules, key)
        if (property !== '')
          (hidden ??= []).push({ from, end: at, json: rules.seal.value(property, body, from, at) })
      }
    }
    // As skipSeparator does, without its object: this is the innermost step of an import.
    at = skipSpace(body, at, passage)
    const byte = body[at++]
    if (byte === 0x7d) break
    if (byte !== 0x2c) throw new PageSyntaxError(at - 1, '"," or "}" after a property of a row')
    at = skipSpace(body, at, passage)
  }
  if (id === undefined || id === '') throw new PageSyntaxError(start, 'a row with an "id"')
  if (!isExact || passage.sawLineBreak) {
    table.rewritten.set(table.ids.length, rewriteRow(body, start, rules))
  } else if (hidden !== undefined) {
    table.rewritten.set(table.ids.length, sealRow(body, start, at, hidden))
  }
  table.starts.push(start)
  table.ends.push(at)
  table.ids.push(id)
  return at
}

/** The hashed property whose key this is; empty when it is not hashed. */
function sealedProperty({ seal, sealed }: RowRules, key: Buffer): string {
  const known = sealed.get(key)
  if (known !== undefined) return known
  const name = key.toString('utf8', 1, key.length - 2)
  const property = seal?.has(name) === true ? name : ''
  sealed.set(key, property)
  return property
}

function stands(body: Buffer, at: number, key: Buffer): boolean {
  for (let i = 0; i < key.length; i++) if (body[at + i] !== key[i]) return false
  return true
}

/** The text of the string from its opening quote to behind its closing one. */
function textOf(body: Buffer, start: number, end: number): string {
  const raw = body.toString('utf8', start + 1, end - 1)
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
}

/** The selected property of that name, spelt as Graph spells it; undefined when there is none. */
function keyOf(keys: Keys, name: string): Buffer | undefined {
  const key = keys.get(name.toLowerCase())
  if (key === undefined) return undefined
  const spelt = Buffer.from(`"${name}":`)
  return spelt.equals(key) ? key : spelt
}

function isPlain(text: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(text)
}

/**
 * Copies the selected properties of a row that was checked before, on one line. Values that are not
 * hashed stay the bytes they are: parsed and written anew, a long number would lose digits.
 */
function rewriteRow(body: Buffer, start: number, { keys, seal }: RowRules): string {
  const passage: Passage = { sawLineBreak: false }
  const kept: string[] = []
  let at = skipSpace(body, start + 1, passage)
  for (let more = true; more;) {
    const behindName = skipString(body, at)
    const name = textOf(body, at, behindName)
    const key = keyOf(keys, name)
    const from = skipColon(body, behindName, passage)
    const end = skipValue(body, from, passage, 2)
    if (key !== undefined) {
      const isSealed = seal?.has(name) === true
      const value = isSealed ? seal.value(name, body, from, end) : compact(body, from, end)
      kept.push(key.toString() + value)
    }
    ;({ at, more } = skipSeparator(
      body,
      end,
      passage,
      0x7d,
      '"," or "}" after a property of a row',
    ))
  }
  return `{${kept.join(',')}}`
}

/** Copies a JSON value without the white space around its tokens. */
function compact(body: Buffer, from: number, end: number): string {
  const value = Buffer.allocUnsafe(end - from)
  let size = 0
  for (let at = from; at < end;) {
    const byte = body[at] ?? 0
    const next = byte === 0x22 ? skipString(body, at) : at + 1
    // Blank, tab, line feed and carriage return are all that JSON knows.
    if (byte > 0x20) size += body.copy(value, size, at, next)
    at = next
  }
  return value.toString('utf8', 0, size)
}

function cutPage(body: Buffer, table: RowTable, links: PageLinks): ScannedPage {
  const { starts, ends, ids, rewritten } = table
  const json = (index: number): string =>
    rewritten.get(index) ?? body.toString('utf8', starts[index] ?? 0, ends[index] ?? 0)
  return {
    ...links,
    rows: {
      length: ids.length,
      ids,
      json,
      bytes: (index) => {
        const text = rewritten.get(index)
        return text === undefined ? body.subarray(starts[index], ends[index]) : Buffer.from(text)
      },
    },
    release: () => letGo(body),
    toNdjson: () => {
      if (rewritten.size > 0) return Buffer.from(ids.map((_id, i) => `${json(i)}\n`).join(''))
      const isCopied = starts.length === 0 || !standsClose(starts, ends)
      return isCopied ? copyLines(body, starts, ends) : breakLines(body, starts, ends)
    },
  }
}

/** Frees a body that has its memory to itself, as every long one does. */
function letGo({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

const lineFeed = 0x0a

/** True when a single byte parts each row from the next, as in JSON without white space. */
function standsClose(starts: readonly number[], ends: readonly number[]): boolean {
  for (let i = 1; i < starts.length; i++) if (starts[i] !== (ends[i - 1] ?? 0) + 1) return false
  return true
}

/** Turns the byte behind each row, a comma or the closing bracket, into a line feed. */
function breakLines(body: Buffer, starts: readonly number[], ends: readonly number[]): Buffer {
  for (const end of ends) body[end] = lineFeed
  return body.subarray(starts[0], (ends.at(-1) ?? 0) + 1)
}

function copyLines(body: Buffer, starts: readonly number[], ends: readonly number[]): Buffer {
  let size = starts.length
  for (let i = 0; i < starts.length; i++) size += (ends[i] ?? 0) - (starts[i] ?? 0)
  const lines = Buffer.allocUnsafe(size)
  let at = 0
  for (let i = 0; i < starts.length; i++) {
    at += body.copy(lines, at, starts[i], ends[i])
    lines[at++] = lineFeed
  }
  return lines
}
