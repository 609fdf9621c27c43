import type { core } from 'zod'
import { describeSeen, isGuarded, valueAt } from './describe-seen.ts'
import { schemaAt } from './json-schema.ts'
import { listNames, suggest } from './suggest.ts'
import type { FieldPath, YamlSource } from './yaml-source.ts'

/** A problem before it has its line. */
export interface Finding {
  readonly path: FieldPath
  /** Which part of the field to point at. */
  readonly at: 'name' | 'value'
  readonly expected: string
  readonly seen: string
  readonly remedy: string
}

/** Turns one issue of Zod into findings worth reading; never repeats what may be a secret. */
export function explainIssue(issue: core.$ZodIssue, source: YamlSource): readonly Finding[] {
  const { path } = issue
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, source))
    case 'invalid_key':
      return [{ ...ruleOf(issue.issues[0]), path, at: 'name', seen: keyForPeople(path) }]
    case 'invalid_union':
      return wrongAlternative(issue, source)
    case 'invalid_type':
      return [wrongType(issue, source)]
    case 'invalid_value':
      return [wrongChoice(path, issue.values.map(String), source)]
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'not_multiple_of':
    case 'too_big':
    case 'too_small':
      break
  }
  return [{ ...ruleOf(issue), path, at: 'value', seen: contents(path, source) }]
}

function ruleOf(issue: core.$ZodIssue | undefined): { expected: string; remedy: string } {
  const params = issue?.code === 'custom' ? issue.params : undefined
  return {
    expected: String(params?.['expected'] ?? 'another value'),
    remedy: String(params?.['remedy'] ?? 'See docs/reference/config.md.'),
  }
}

const seeReference = 'Remove it; docs/reference/config.md lists what may stand here.'
const neverInFile =
  'Secrets never stand in this file: name what holds it, { env: NAME }, { file: PATH } or { exec: [COMMAND, ARGUMENT] }. Treat a secret that stood here as known, and replace it.'

/** Names people write for a secret in the file itself. */
const secretNames = /secret|password|passwd|pwd|token|private|credential|^value$|^key$/i

function unknownKey(parent: FieldPath, key: string, source: YamlSource): Finding {
  const known = Object.keys(schemaAt(parent, source.data)?.properties ?? {})
  const meant = suggest(key, known)
  const isShown =
    !isGuarded([...parent, key]) || meant !== undefined || key === 'sealed' || secretNames.test(key)
  const remedy = meant === undefined ? remedyForKey(key) : `Did you mean ${JSON.stringify(meant)}?`
  return {
    path: isShown ? [...parent, key] : parent,
    at: 'name',
    expected: `one of ${listNames(known)}`,
    seen: isShown
      ? `the key ${keyForPeople([key])}`
      : 'another key (not shown: it may be a secret)',
    remedy,
  }
}

function remedyForKey(key: string): string {
  if (key === 'sealed') {
    return 'Sealed secrets belong to connections that are kept in the store: `evergrant connections add`.'
  }
  return secretNames.test(key) ? neverInFile : seeReference
}

/** What a broken rule saw: the keys of a mapping, or else the value. */
function contents(path: FieldPath, source: YamlSource): string {
  const value = valueAt(path, source.data)
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isMapping) return describeSeen(path, source, true)
  const keys = Object.keys(value)
  if (keys.length === 0) return 'none'
  const shown = keys.filter((key) => !isGuarded([...path, key]) || commonKeys.has(key))
  const others = keys.length - shown.length
  return [
    ...(shown.length > 0 ? [listNames(shown, 'and')] : []),
    ...(others > 0 ? [`${others} other ${others === 1 ? 'key' : 'keys'}`] : []),
  ].join(' and ')
}

/** Keys of references that are shown even where a secret could stand as a key. */
const commonKeys = new Set([
  'id',
  'env',
  'file',
  'exec',
  'sealed',
  'secret',
  'certificate',
  'federated',
  'via',
  'algorithm',
  'expiresAt',
])

function keyForPeople(path: FieldPath): string {
  const key = String(path.at(-1) ?? '')
  return JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}…` : key)
}

/** What a form says of a value that has another form altogether. */
type OtherForm = core.$ZodIssueInvalidType | core.$ZodIssueInvalidValue

/** A field of several forms: the problems of the form that was written, or else all forms there are. */
function wrongAlternative(
  issue: core.$ZodIssueInvalidUnion,
  source: YamlSource,
): readonly Finding[] {
  const options = 'options' in issue ? issue.options : undefined
  if (options !== undefined) return [wrongChoice(issue.path, options.map(String), source)]
  const value = valueAt(issue.path, source.data)
  const isOther = (one: core.$ZodIssue): one is OtherForm =>
    one.path.length === 0 &&
    (one.code === 'invalid_type' ||
      (one.code === 'invalid_value' && typeof one.values[0] !== typeof value))
  const meant = issue.errors.filter((issues) => !issues.some(isOther))
  const [issues] = meant
  if (issues !== undefined && meant.length === 1) {
    return issues.flatMap((one) =>
      explainIssue({ ...one, path: [...issue.path, ...one.path] }, source),
    )
  }
  const forms = issue.errors.flatMap((list) =>
    list
      .filter(isOther)
      .map((one) =>
        one.code === 'invalid_value'
          ? `one of ${listNames(one.values.map(String))}`
          : expectation(one, issue.path, source),
      ),
  )
  return [
    {
      path: issue.path,
      at: value === undefined ? 'name' : 'value',
      expected: [...new Set(forms)].join(', or '),
      seen: describeSeen(issue.path, source, true),
      remedy: remedyForType(issue.path, value, 'string'),
    },
  ]
}

function wrongChoice(path: FieldPath, options: readonly string[], source: YamlSource): Finding {
  const value = valueAt(path, source.data)
  const meant = typeof value === 'string' ? suggest(value, options) : undefined
  return {
    path,
    at: value === undefined ? 'name' : 'value',
    expected: options.length === 1 ? listNames(options) : `one of ${listNames(options)}`,
    seen: describeSeen(path, source, true),
    remedy:
      meant === undefined
        ? `Write ${options.join(' or ')}.`
        : `Did you mean ${JSON.stringify(meant)}?`,
  }
}

const wordFor: Readonly<Record<string, string>> = {
  string: 'a text',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
}

function wrongType(issue: core.$ZodIssueInvalidType, source: YamlSource): Finding {
  const { path } = issue
  const value = valueAt(path, source.data)
  const isScalar = ['string', 'number', 'boolean'].includes(issue.expected)
  const isMissing = value === undefined
  return {
    path,
    at: isMissing ? 'name' : 'value',
    expected: expectation(issue, path, source),
    seen: describeSeen(path, source, isScalar),
    remedy: remedyForType(path, value, issue.expected),
  }
}

function expectation(
  issue: core.$ZodIssueInvalidType,
  path: FieldPath,
  source: YamlSource,
): string {
  // Zod's own message says nothing more than the type; one of ours says what the field holds.
  if (!issue.message.startsWith('Invalid input')) return issue.message
  const word = wordFor[issue.expected] ?? issue.expected
  const governing = schemaAt(path, source.data)
  const required = (governing?.anyOf?.find(({ type }) => type === 'object') ?? governing)?.required
  const fields = issue.expected === 'object' && required !== undefined
  return fields ? `${word} with ${listNames(required, 'and')}` : word
}

function remedyForType(path: FieldPath, value: unknown, wanted: string): string {
  const wantsText = wanted === 'string'
  if (value === undefined)
    return `Add ${JSON.stringify(String(path.at(-1) ?? ''))}; it has no default.`
  const mayBeSecret = typeof value === 'string' || typeof value === 'number'
  if (mayBeSecret && !wantsText && isGuarded(path)) return neverInFile
  if (value === null) return 'Give it a value, or remove the line.'
  if (wantsText && typeof value !== 'object')
    return 'Write it in that form; put it in quotes where YAML would make a number or a boolean of it.'
  if (wantsText) return 'Write it in that form.'
  if (wanted === 'boolean') return 'Write true or false, without quotes.'
  if (wanted === 'number') return 'Write the number, without quotes.'
  if (wanted === 'array') return 'Write each entry on a line of its own after "- ".'
  return 'Write one "name: value" a line, as in the example that `evergrant init` writes.'
}
