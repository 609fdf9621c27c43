import { configJsonSchema, configTemplate, type JsonSchema } from '../../src/config/index.ts'
import { pageHead, table } from './markdown.ts'

/** One field of the configuration, as the reference lists it. */
interface Field {
  readonly path: string
  readonly type: string
  readonly fallback: string
  readonly meaning: string
}

/** Renders `docs/reference/config.md` from the configuration's schema. */
export function renderConfigPage(): string {
  const fields = fieldsOf(configJsonSchema(), '')
  return `${[
    pageHead('Configuration', 'src/config/config-schema.ts'),
    'One YAML file, `./evergrant.yaml` unless `--config FILE` names another. `evergrant config check` reads it and prints it as understood, defaults visible (those of upstreams left out) and secrets masked; `evergrant config schema` prints the [JSON Schema](evergrant.schema.json) for editors.',
    [
      '- Secrets never stand in the file: a _reference_ says where they do, one of `{ env: NAME }`, `{ file: PATH }` and `{ exec: [COMMAND, ARGUMENT, …] }`. Newlines at the end of a file or of what a command prints are not part of the secret.',
      '- A command runs without a shell, with nothing on its standard input; a program without "/" is looked up in PATH. It has 10 seconds to print the secret, at most 64 KiB, and what it started is stopped with it. It runs anew whenever the secret is read anew.',
      '- Relative paths start from the folder of the configuration file.',
      '- Unknown keys, half-set features and unsafe values are refused, all problems at once.',
      '- Anchors, aliases and tags of YAML are refused: a value that starts with `*`, `&` or `!` is put in quotes.',
      '- Durations have a unit: `250ms`, `90s`, `5m`, `1h30m`, `7d`.',
    ].join('\n'),
    '## Fields',
    '`<name>` stands for a name of your choice, `[]` for each entry of a list.',
    table(
      ['path', 'type', 'default', 'meaning'],
      fields.map(({ path, type, fallback, meaning }) => [`\`${path}\``, type, fallback, meaning]),
    ),
    '## Example',
    'What `evergrant init` writes:',
    `\`\`\`yaml\n${configTemplate({ for: 'import' })}\`\`\``,
  ].join('\n\n')}\n`
}

function fieldsOf(schema: JsonSchema, path: string, note = ''): Field[] {
  // Each of several has the fields of the one, which stand right above.
  if (path.endsWith('.upstreams.<name>')) return []
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const fieldPath = path === '' ? name : `${path}.${name}`
    const isRequired = schema.required?.includes(name) === true
    const described: Field = {
      path: fieldPath,
      type: typeOf(field),
      fallback: isRequired ? '**required**' : defaultOf(field),
      meaning: `${note}${field.description ?? ''}`,
    }
    return [described, ...formsOf(field).flatMap((form) => fieldsOf(form, fieldPath, note))]
  })
  const { additionalProperties: entry, items: item } = schema
  return [
    ...below,
    ...(typeof entry === 'object' ? alternativesOf(entry, `${path}.<name>`) : []),
    ...(item === undefined ? [] : alternativesOf(item, `${path}[]`)),
  ]
}

/** The forms a field may have, several or one; references to secrets are described once, on top. */
function formsOf(schema: JsonSchema): readonly JsonSchema[] {
  return (schema.anyOf ?? [schema]).filter((form) => !isReference(form))
}

function isReference({ properties = {} }: JsonSchema): boolean {
  return Object.keys(properties).join() === 'env,file,exec'
}

/** The fields of every alternative, each told apart by its `type`. */
function alternativesOf(schema: JsonSchema, path: string): Field[] {
  const alternatives = (schema.oneOf ?? []).filter((option) => option.properties !== undefined)
  if (alternatives.length === 0) return formsOf(schema).flatMap((form) => fieldsOf(form, path))
  return alternatives.flatMap((option) => {
    return fieldsOf(option, path, `(${option.properties?.['type']?.const ?? ''}) `)
  })
}

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${schema.const}\``
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ')
  if (isReference(schema)) return 'reference'
  if (schema.anyOf !== undefined) {
    return [...new Set(schema.anyOf.map(typeOf))].join(' or ')
  }
  return words[schema.type ?? ''] ?? 'text'
}

const words: Readonly<Record<string, string>> = {
  array: 'list',
  boolean: '`true`, `false`',
  integer: 'number',
  number: 'number',
  object: 'mapping',
}

function defaultOf(schema: JsonSchema): string {
  if (schema.default === undefined) return '–'
  if (Array.isArray(schema.default)) return schema.default.length === 0 ? 'none' : 'see below'
  if (typeof schema.default !== 'object') return `\`${schema.default}\``
  return schema.properties === undefined ? 'none' : 'see below'
}
