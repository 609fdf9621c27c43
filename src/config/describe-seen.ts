import { member } from './json-schema.ts'
import { looksSecret, withoutUrlSecrets } from './secret-form.ts'
import type { FieldPath, YamlSource } from './yaml-source.ts'

const guarded = new Set<PropertyKey>([
  'secret',
  'credentials',
  'encryption',
  'password',
  'exec',
  'headers',
  'query',
])
const harmless = new Set<PropertyKey>(['id', 'via', 'expiresAt', 'algorithm'])

/** Tells whether a value at this path may be a secret that was written in the wrong place. */
export function isGuarded(path: FieldPath): boolean {
  const last = path.at(-1)
  // The time an answer's headers may take.
  if (path.at(-2) === 'timeouts') return false
  return path.some((segment) => guarded.has(segment)) && !(last !== undefined && harmless.has(last))
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
  const shown = withoutUrlSecrets(written)
  const short = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown
  return kind === 'text' ? JSON.stringify(short) : `the ${kind} ${short}`
}

const count = ({ length }: string): string =>
  length === 1 ? '1 character' : `${length} characters`
