import { err, ok, type Result } from '../kernel/index.ts'
import { checkReferences } from './check-references.ts'
import { configSchema } from './config-schema.ts'
import type { Config } from './config.ts'
import { explainIssue } from './explain-issue.ts'
import { decodeText } from './file-text.ts'
import { ConfigError, type ConfigProblem } from './problem.ts'
import { resolveConfig } from './resolve-config.ts'
import { parseYaml, type FieldPath } from './yaml-source.ts'

/**
 * Reads the bytes of a configuration file and reports every problem at once, in file order.
 *
 * @param file Name of the file, as messages show it.
 * @param directory Absolute folder that relative paths in the file start from.
 * @returns The configuration, or `config_unreadable` (no UTF-8, no YAML, empty) or
 *   `config_invalid`.
 */
export function parseConfig(
  bytes: Uint8Array,
  file: string,
  directory: string,
): Result<Config, ConfigError> {
  const text = decodeText(bytes)
  if (!text.ok) return err(new ConfigError('config_unreadable', file, [text.error]))
  const source = parseYaml(text.value)
  if (!source.ok) return err(new ConfigError('config_unreadable', file, source.error))
  const { data } = source.value
  if (data === null || data === undefined) {
    return err(new ConfigError('config_unreadable', file, [emptyFile]))
  }

  const read = configSchema.safeParse(data)
  const issues = read.success ? [] : read.error.issues
  const findings = [
    ...issues.flatMap((issue) => explainIssue(issue, source.value)),
    ...checkReferences(source.value),
  ]
  if (read.success && findings.length === 0) {
    return ok(resolveConfig(read.data, file, directory))
  }
  const problems = findings
    .map(({ path, at, ...finding }) => ({
      path: pathForPeople(path),
      ...source.value.place(path, at),
      ...finding,
    }))
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
  return err(new ConfigError('config_invalid', file, problems))
}

const emptyFile: ConfigProblem = {
  path: '',
  line: 1,
  column: 1,
  expected: 'settings',
  seen: 'an empty file',
  remedy: 'Write a first configuration with `evergrant init`.',
}

/** Writes a path with dots, list positions in brackets: `encryption.keys[0].file`. */
export function pathForPeople(path: FieldPath): string {
  return path
    .map((segment, depth) =>
      typeof segment === 'number' ? `[${segment}]` : `${depth === 0 ? '' : '.'}${String(segment)}`,
    )
    .join('')
}
