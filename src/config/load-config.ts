import { dirname, resolve } from 'node:path'
import type { Config } from './config.ts'
import { parseConfig } from './parse-config.ts'
import { ConfigError } from './problem.ts'

/** Reads a whole file; rejects with Node's system errors (`ENOENT`, `EISDIR`, …). */
export type ReadFile = (path: string) => Promise<Uint8Array>

/**
 * Loads and checks a configuration file. It reads that one file only: secrets are read when they
 * are used, by a `SecretReader`.
 *
 * @param path The file, absolute or relative to `workingDirectory`.
 * @throws `ConfigError` with all problems: `config_not_found`, `config_unreadable` (a folder, no
 *   permission, no UTF-8, no YAML), `config_invalid`.
 */
export async function loadConfig(
  path: string,
  ports: { readonly readFile: ReadFile; readonly workingDirectory: string },
): Promise<Config> {
  const absolute = resolve(ports.workingDirectory, path)
  let bytes: Uint8Array
  try {
    bytes = await ports.readFile(absolute)
  } catch (error) {
    throw cannotRead(path, absolute, error)
  }
  const parsed = parseConfig(bytes, path, dirname(absolute))
  if (!parsed.ok) throw parsed.error
  return parsed.value
}

function cannotRead(path: string, absolute: string, error: unknown): ConfigError {
  const code = systemCode(error)
  const isAbsent = code === 'ENOENT' || code === 'ENOTDIR'
  return new ConfigError(isAbsent ? 'config_not_found' : 'config_unreadable', path, [
    {
      path: '',
      line: 0,
      column: 0,
      expected: `a configuration file at ${absolute}`,
      seen: whatStandsThere[code] ?? `the system error ${code}`,
      remedy: isAbsent
        ? 'Run `evergrant init` to write one, or name yours with `--config FILE`.'
        : 'Name a file this user may read with `--config FILE`.',
    },
  ])
}

const whatStandsThere: Readonly<Record<string, string>> = {
  ENOENT: 'nothing there',
  ENOTDIR: 'a file where a folder should be',
  EISDIR: 'a folder',
  EACCES: 'a file this user may not read',
  EPERM: 'a file this user may not read',
}

/** The code of a system error such as `ENOENT`; `unknown` for anything else. */
export function systemCode(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'unknown'
}
