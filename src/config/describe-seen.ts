import { member } from './json-schema.ts'
import type { FieldPath, YamlSource } from './yaml-source.ts'

const guarded = new Set<PropertyKey>(['secret', 'credentials', 'encryption'])
const harmless = new Set<PropertyKey>(['id', 'via', 'expiresAt'])

/** Tells whether a value at this path may be a secret that was written in the wrong place. */
export function isGuarded(path: FieldPath): boolean {
  const last = path.at(-1)
  return path.some((segment) => guarded.has(segment)) && !(last !== undefined && harmless.has(last))
}

/** Forms that secrets have: Entra client secrets, JWTs, PEM, long random texts; GUIDs are ids. */
function looksSecret(text: string): boolean {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return false
  const isLongAndMixed = /^[\w.~+/=-]{32,}$/.test(text) && /\d/.test(text) && /[A-Za-z]/.test(text)
  return isLongAndMixed || /\dQ~|-----BEGIN|^ey[\w-]+\./.test(text)
}

/** Reads the value at a path. */
export function valueAt(path: FieldPath, data: unknown): unknown {
  return path.reduce<unknown>(member, data)
}

/**
 * Says what stands at a path, for the "but saw …" of a message. Only short, harmless scalars are
 * repeated; nothing is where a secret could stand, or where a mapping or list should be.
 *
 * @param quote Whether the field is one that holds a scalar.
 */
export function describeSeen(path: FieldPath, source: YamlSource, quote: boolean): string {
  const value = valueAt(path, source.data)
  if (value === undefined) return 'nothing'
  if (value === null) return 'a key without a value'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a mapping'
  const kind = typeof value === 'string' ? 'text' : typeof value
  const written = source.written(path) ?? ''
  if (!quote || isGuarded(path) || looksSecret(written)) {
    return kind === 'text' ? `a text of ${count(written)} (not shown)` : `a ${kind} (not shown)`
  }
  const shown = written
    .replace(/\/\/[^/@\s]*@/g, '//[redacted]@')
    .replace(/[?#].*$/s, (tail) => `${tail.slice(0, 1)}…`)
  const short = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown
  return kind === 'text' ? JSON.stringify(short) : `the ${kind} ${short}`
}

const count = ({ length }: string): string =>
  length === 1 ? '1 character' : `${length} characters`
