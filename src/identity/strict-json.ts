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
 * name twice in an object, no text that is no Unicode, neither deep nor wide beyond measure.
 * Refuses with what is wrong with it.
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
    value = JSON.parse(text)
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
}

function measure(text: string): Shape {
  let open = 0
  let depth = 0
  let members = 0
  let hasEscapes = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      // To the end of the string: the next quote that nothing escapes.
      for (at++; at < text.length; at++) {
        const inside = text.charCodeAt(at)
        if (inside === 0x22) break
        if (inside === 0x5c) {
          hasEscapes = true
          at++
        }
      }
    } else if (code === 0x3a) members++
    else if (code === 0x7b || code === 0x5b) depth = Math.max(depth, ++open)
    else if (code === 0x7d || code === 0x5d) open--
  }
  return { depth, members, hasEscapes }
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
