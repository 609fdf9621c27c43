import { isUtf8 } from 'node:buffer'
import { err, ok, type Result } from '../kernel/index.ts'

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>

/** How deep objects and arrays may be nested. */
const deepest = 32
/** Members of all objects together. */
const mostMembers = 200

/**
 * Parses an object of JSON that can be read in one way only: UTF-8 without a byte order mark, no
 * name twice in an object, no text that is no Unicode, no name with a quote, a backslash or a
 * control character, neither deep nor wide beyond measure. Refuses with what is wrong with it.
 */
export function parseStrictJson(bytes: Buffer): Result<JsonObject, string> {
  if (!isUtf8(bytes)) return err('is not UTF-8')
  const text = bytes.toString('utf8')
  if (text.charCodeAt(0) !== 0x7b) return err('is no JSON object')
  const shape = measure(text)
  if (shape.depth > deepest) return err(`is nested deeper than ${deepest} levels`)
  if (shape.members > mostMembers) return err(`has more than ${mostMembers} members`)
  let value: unknown
  try {
    const plain = shape.escapedNames.length === 0 ? text : withPlainNames(text, shape.escapedNames)
    if (plain === undefined) return err('has a name with a quote, backslash or control character')
    value = JSON.parse(plain)
  } catch {
    return err('is not JSON')
  }
  if (!isObject(value)) return err('is no JSON object')
  // Of members with the same name the parser keeps the last: then there are fewer than colons.
  if (membersIn(value) !== shape.members) return err('has a member twice')
  if (shape.hasEscapes && !isUnicode(value)) return err('holds text that is not Unicode')
  return ok(value)
}

/** Tells whether a value is an object, and no array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface Shape {
  readonly depth: number
  /** Colons outside of strings. */
  readonly members: number
  readonly hasEscapes: boolean
  /** Where names with escapes begin and end, their quotes included. */
  readonly escapedNames: readonly (readonly [begin: number, end: number])[]
}

function measure(text: string): Shape {
  const hasEscapes = text.includes('\\')
  const escapedNames: [number, number][] = []
  let open = 0
  let depth = 0
  let members = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      const end = endOfString(text, at)
      if (hasEscapes && text.slice(at, end).includes('\\') && isName(text, end)) {
        escapedNames.push([at, end])
      }
      at = end - 1
    } else if (code === 0x3a) members++
    else if (code === 0x7b || code === 0x5b) depth = Math.max(depth, ++open)
    else if (code === 0x7d || code === 0x5d) open--
  }
  return { depth, members, hasEscapes, escapedNames }
}

/** Where a string ends that begins with the quote there: behind the next quote nothing escapes. */
function endOfString(text: string, begin: number): number {
  for (let from = begin + 1; ;) {
    const quote = text.indexOf('"', from)
    if (quote < 0) return text.length
    let run = quote
    while (text.charCodeAt(run - 1) === 0x5c) run--
    // Backslashes in pairs stand for themselves.
    if ((quote - run) % 2 === 0) return quote + 1
    from = quote + 1
  }
}

/** Whether what ended before is the name of a member: a colon follows. */
function isName(text: string, end: number): boolean {
  let at = end
  for (;;) {
    const code = text.charCodeAt(at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code === 0x3a
    at++
  }
}

/**
 * The same JSON with names as they are, without escapes; undefined when one cannot be written so.
 * `JSON.parse` of V8 may take a name that is written in escapes for another one, by what it parsed
 * before: https://github.com/nodejs/node/issues/63785
 */
function withPlainNames(text: string, escaped: Shape['escapedNames']): string | undefined {
  let plain = ''
  let done = 0
  for (const [begin, end] of escaped) {
    // A text alone is always read right.
    const name = JSON.parse(text.slice(begin, end)) as string
    if (/["\\\p{Cc}]/u.test(name)) return undefined
    plain += `${text.slice(done, begin)}"${name}"`
    done = end
  }
  return plain + text.slice(done)
}

function membersIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let members = 0
  if (Array.isArray(value)) {
    for (const item of value) members += membersIn(item)
    return members
  }
  const object = value as JsonObject
  for (const name of Object.keys(object)) members += 1 + membersIn(object[name])
  return members
}

/** Whether no text in it has a lone surrogate, names included. */
function isUnicode(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) return value.every(isUnicode)
  return Object.entries(value).every(([name, inner]) => name.isWellFormed() && isUnicode(inner))
}
