import { z } from 'zod'
import { err, ok, type Result } from '../kernel/index.ts'
import { checkIssuer } from './check-issuer.ts'
import type { IssuerConfig } from './config.ts'
import { explainIssue } from './explain-issue.ts'
import { mapName } from './fields.ts'
import { issuerSchema } from './issuer-schema.ts'
import { plainSource, withoutPlace } from './plain-source.ts'
import { ConfigError } from './problem.ts'
import { resolveIssuer } from './resolve-issuer.ts'

/** Issuers as a program writes them: the section `issuers:` as plain data. */
export type WrittenIssuers = Readonly<Record<string, z.input<typeof issuerSchema>>>

const issuersSchema = z.record(mapName(), issuerSchema)

/**
 * Reads issuers that stand in no file: the same schema and rules as the section `issuers:`.
 *
 * @param directory Absolute folder that paths of secrets start from.
 * @returns The issuers, or `config_invalid` with every problem; their lines are 0.
 */
export function parseIssuers(
  written: unknown,
  directory: string,
): Result<Readonly<Record<string, IssuerConfig>>, ConfigError> {
  const source = plainSource({ issuers: written })
  const read = issuersSchema.safeParse(written)
  const issues = read.success ? [] : read.error.issues
  const names = typeof written === 'object' && written !== null ? Object.keys(written) : []
  const findings = [
    ...issues.flatMap((issue) =>
      explainIssue({ ...issue, path: ['issuers', ...issue.path] }, source),
    ),
    ...names.flatMap((name) => checkIssuer(name, source)),
  ]
  if (!read.success || findings.length > 0) {
    return err(new ConfigError('config_invalid', 'the issuers', withoutPlace(findings)))
  }
  return ok(
    Object.fromEntries(
      Object.entries(read.data).map(([name, issuer]) => [
        name,
        resolveIssuer(name, issuer, directory),
      ]),
    ),
  )
}
