import { isAbsolute } from 'node:path'
import { err, ok, type Result } from '../kernel/index.ts'
import { checkConnection } from './check-connection.ts'
import type { Config, ConnectionConfig } from './config.ts'
import { storedConnectionSchema, type ConnectionEntry } from './connection-schema.ts'
import { explainIssue, type Finding } from './explain-issue.ts'
import { mapName } from './fields.ts'
import { plainSource, withoutPlace } from './plain-source.ts'
import { ConfigError } from './problem.ts'
import { resolveConnection } from './resolve-connection.ts'

/**
 * Reads a connection that does not stand in the file: the same schema and rules, except that
 * secrets may be `{ sealed: SLOT }` and paths are absolute, as no file is there to start from. Asks
 * nobody and reads no secret.
 *
 * @param value The entry as plain data, such as parsed JSON.
 * @param config Whose providers it may name.
 * @returns The connection, or `connection_invalid` with every problem; their lines are 0.
 */
export function parseConnection(
  name: string,
  value: unknown,
  config: Config,
): Result<ConnectionConfig, ConfigError> {
  const path = ['connections', name]
  const source = plainSource({ providers: config.providers, connections: { [name]: value } })
  const read = storedConnectionSchema.safeParse(value)
  const issues = read.success ? [] : read.error.issues
  const findings = [
    ...checkName(name),
    ...issues.flatMap((issue) =>
      explainIssue({ ...issue, path: [...path, ...issue.path] }, source),
    ),
    ...checkConnection(name, source),
    ...(read.success ? checkPaths(path, read.data) : []),
  ]
  if (read.success && findings.length === 0) {
    return ok(resolveConnection(name, read.data, config.providers[read.data.provider], '/'))
  }
  const problems = withoutPlace(findings)
  return err(new ConfigError('connection_invalid', `the connection "${name}"`, problems))
}

function checkName(name: string): Finding[] {
  const read = mapName().safeParse(name)
  if (read.success) return []
  return read.error.issues.flatMap((issue) =>
    explainIssue(
      {
        code: 'invalid_key',
        origin: 'record',
        issues: [issue],
        path: ['connections', name],
        message: '',
      },
      plainSource({}),
    ),
  )
}

/** Paths that start nowhere: the store is shared by processes of several folders. */
function checkPaths(path: readonly PropertyKey[], { client }: ConnectionEntry): Finding[] {
  return client.credentials.flatMap((credential, position) =>
    (['secret', 'certificate', 'federated'] as const).flatMap((kind): Finding[] => {
      const { file, exec } = credential[kind] ?? {}
      const isRelative =
        file === undefined
          ? exec?.[0]?.includes('/') === true && !isAbsolute(exec[0])
          : !isAbsolute(file)
      if (!isRelative) return []
      return [
        {
          path: [
            ...path,
            'client',
            'credentials',
            position,
            kind,
            file === undefined ? 'exec' : 'file',
          ],
          at: 'value',
          expected: 'an absolute path',
          seen: 'a relative one',
          remedy: 'Write the whole path: a connection in the store belongs to no folder.',
        },
      ]
    }),
  )
}
