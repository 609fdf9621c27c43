import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { loadConfig } from '../config/index.ts'
import {
  askIssuers,
  askRefusals,
  refreshIssuer,
  type ServiceQuestion,
  type ToldIssuer,
  type ToldRefusal,
} from '../server/index.ts'
import { configPathOf, withCommonOptions, type CommonOptions } from './common-options.ts'
import type { CliContext } from './context.ts'
import { argumentPath, type CliIo } from './io.ts'
import { formatTable } from './table.ts'

interface ServiceOptions extends CommonOptions {
  readonly url?: string
  readonly keyFile?: string
}

interface RefusalsOptions extends ServiceOptions {
  readonly issuer?: string
}

/** `evergrant issuers list|refusals|refresh` */
export function addIssuersCommands(program: Command, { io }: CliContext): void {
  const issuers = program
    .command('issuers')
    .description('see how the issuers of bearer tokens stand, and which tokens are refused')
    .addHelpText(
      'after',
      `
Keys and refusals are in the memory of a running service, which is asked with a caller key of the role
operator: in EVERGRANT_KEY, or in the file that --key-file names. Of several nodes each tells its own.

Examples:
  $ EVERGRANT_KEY=$(your-vault get ops-evergrant-key) evergrant issuers list
  $ evergrant issuers refusals --key-file ops.key
  $ evergrant issuers refresh contoso --key-file ops.key`,
    )

  withServiceOptions(
    issuers.command('list').description('show each issuer, its keys and what is wrong with them'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant issuers list --key-file ops.key
  $ evergrant issuers list --key-file ops.key --json | jq '.[] | select(.warning)'`,
    )
    .action(async (options: ServiceOptions) => {
      const told = await askIssuers(await questionOf(io, options))
      io.out(options.json === true ? `${JSON.stringify(told)}\n` : formatIssuers(told))
    })

  withServiceOptions(
    issuers
      .command('refusals')
      .description('show the last hundred tokens that were refused, the newest first')
      .option('--issuer <name>', 'of that issuer alone'),
  )
    .addHelpText(
      'after',
      `
Nothing of a token is shown but the beginning of its SHA-256 and names in it. The request is the one whose
id the caller was told: \`request_id\` of the answer, or the header Evergrant-Request-Id.

Examples:
  $ evergrant issuers refusals --key-file ops.key
  $ evergrant issuers refusals --issuer contoso --key-file ops.key --json | jq '.[0]'`,
    )
    .action(async (options: RefusalsOptions) => {
      const told = await askRefusals(options.issuer, await questionOf(io, options))
      io.out(options.json === true ? `${JSON.stringify(told)}\n` : formatRefusals(told))
    })

  withServiceOptions(
    issuers.command('refresh <name>').description('have the keys of an issuer fetched now'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant issuers refresh contoso --key-file ops.key`,
    )
    .action(async (name: string, options: ServiceOptions) => {
      const told = await refreshIssuer(name, await questionOf(io, options))
      io.out(options.json === true ? `${JSON.stringify(told)}\n` : formatIssuers(told))
    })
}

function withServiceOptions(command: Command): Command {
  return withCommonOptions(command)
    .option('--url <url>', 'where the service listens (default: server.publicUrl)')
    .option(
      '--key-file <file>',
      'file with a caller key (default: EVERGRANT_KEY of the environment)',
    )
}

async function questionOf(io: CliIo, options: ServiceOptions): Promise<ServiceQuestion> {
  const config = await loadConfig(configPathOf(io, options), { readFile, workingDirectory: io.cwd })
  const { keyFile } = options
  return {
    config,
    env: io.env,
    url: options.url ?? config.server.publicUrl,
    key: keyFile === undefined ? { env: 'EVERGRANT_KEY' } : { file: argumentPath(io, keyFile) },
    keyAskedBy: keyFile === undefined ? 'EVERGRANT_KEY' : '--key-file',
  }
}

function formatIssuers(told: readonly ToldIssuer[]): string {
  if (told.length === 0) return 'no issuers; name one under `issuers:` in the configuration\n'
  const table = formatTable(
    ['ISSUER', 'ISS', 'STATE', 'KEYS', 'FETCHED', 'FETCHES', 'FAILURES'],
    told.map((one) => [
      one.issuer,
      one.iss,
      one.state,
      one.keys.length === 0 ? '-' : one.keys.join(', '),
      one.fetched_at ?? '-',
      String(one.fetches),
      String(one.failures),
    ]),
  )
  const notes = told.flatMap(({ iss, warning, failure, skipped_keys: skipped }) => [
    ...(warning === null
      ? failure === null
        ? []
        : [`${iss}: ${failure}`]
      : [`warning: ${iss}: ${warning}`]),
    ...skipped.map((one) => `${iss}: key not used: ${one}`),
  ])
  return notes.length === 0 ? table : `${table}\n${notes.map((note) => `- ${note}\n`).join('')}`
}

function formatRefusals(told: readonly ToldRefusal[]): string {
  if (told.length === 0) return 'no token was refused since the service started\n'
  return formatTable(
    ['AT', 'ISSUER', 'STAGE', 'CODE', 'EXPECTED', 'SEEN', 'REQUEST'],
    told.map((one) => [
      one.at,
      one.issuer ?? '-',
      one.stage,
      one.code,
      one.expected.slice(0, 60),
      one.seen.slice(0, 60),
      one.request_id ?? '-',
    ]),
  )
}
