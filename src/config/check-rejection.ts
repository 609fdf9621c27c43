import type { Finding } from './explain-issue.ts'
import { keysOf, member } from './json-schema.ts'
import { listNames } from './suggest.ts'
import type { FieldPath } from './yaml-source.ts'

/** What recognises an answer; `path` and `tokenAge` only narrow it. */
const recognising = ['status', 'header', 'json', 'text', 'empty']
const ofTheAnswer = ['header', 'json', 'text', 'empty']

/**
 * Finds rules that would take for an expired token what is none: a rule that recognises nothing, or
 * that every success or every refusal meets.
 */
export function checkRejection(path: FieldPath, rejected: readonly unknown[]): Finding[] {
  return rejected.flatMap((entry, position) => {
    const place = [...path, position]
    if (typeof entry === 'string') {
      return rejected.indexOf(entry) < position ? [repeated(place, entry)] : []
    }
    const isRule = typeof entry === 'object' && entry !== null && !Array.isArray(entry)
    return isRule ? checkRule(place, entry) : []
  })
}

function repeated(path: FieldPath, name: string): Finding {
  return {
    path,
    at: 'value',
    expected: 'every pack once',
    seen: `${JSON.stringify(name.slice(0, 60))} a second time`,
    remedy: 'Remove it.',
  }
}

function checkRule(path: FieldPath, rule: object): Finding[] {
  const present = (fields: readonly string[]): boolean =>
    fields.some((field) => member(rule, field) !== undefined)
  if (!present(recognising)) {
    return [
      {
        path,
        at: 'value',
        expected: `a rule with at least one of ${listNames(recognising)}`,
        seen: keysOf(rule).length === 0 ? 'none' : listNames(keysOf(rule).slice(0, 8), 'and'),
        remedy:
          'Say how the API’s answer tells a refused token: { status: 500, text: access token expired }.',
      },
    ]
  }
  if (present(ofTheAnswer)) return []
  const written = member(rule, 'status')
  const statuses = (Array.isArray(written) ? (written as readonly unknown[]) : [written]).filter(
    (status) => typeof status === 'number',
  )
  const success = statuses.find((status) => status < 400)
  if (success !== undefined) {
    return [
      {
        path: [...path, 'status'],
        at: 'value',
        expected: `"text", "json", "header" or "empty" beside the status ${success}`,
        seen: 'the status alone',
        remedy:
          'Add what tells a refused token from a success, such as json: { pointer: /errors/0/code, equals: 602 }: otherwise every answer that succeeded would renew the token.',
      },
    ]
  }
  const bare = statuses.find((status) => status !== 401)
  if (bare === undefined || member(rule, 'tokenAge') !== undefined) return []
  return [
    {
      path: [...path, 'status'],
      at: 'value',
      expected: `"text", "json", "header", "empty" or "tokenAge" beside the status ${bare}`,
      seen: 'the status alone',
      remedy: `Add what tells a refused token, such as text: token expired, or tokenAge: 50m. An API answers ${bare} for other reasons as well, such as a missing permission; each such answer would renew a good token and send the request again, a storm of refreshes that mends nothing.`,
    },
  ]
}
