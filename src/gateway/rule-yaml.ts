import type { RejectionRule } from './settings.ts'

/** Writes a rule as it stands in the configuration, in one line of YAML. */
export function ruleYaml(rule: RejectionRule): string {
  const { name, status, header, json, text, isEmpty, path, tokenAgeMs } = rule
  const contains = header?.contains === undefined ? '' : `, contains: ${quote(header.contains)}`
  const parts = [
    name === undefined ? undefined : `name: ${name}`,
    status === undefined ? undefined : `status: ${oneOrMore(status.map(String))}`,
    header === undefined ? undefined : `header: { name: ${header.name}${contains} }`,
    json === undefined
      ? undefined
      : `json: { pointer: ${json.pointer}, equals: [${json.equals.map(scalar).join(', ')}] }`,
    text === undefined ? undefined : `text: ${quote(text)}`,
    isEmpty === true ? 'empty: true' : undefined,
    path === undefined ? undefined : `path: ${quote(path)}`,
    tokenAgeMs === undefined ? undefined : `tokenAge: ${age(tokenAgeMs)}`,
  ]
  return `{ ${parts.filter((part) => part !== undefined).join(', ')} }`
}

function oneOrMore(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `[${values.join(', ')}]`
}

function scalar(value: string | number | boolean): string {
  return typeof value === 'string' ? quote(value) : String(value)
}

function age(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1_000)
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`
}

/** YAML’s double quotes read what JSON’s write. */
function quote(text: string): string {
  return JSON.stringify(text)
}
