import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { parse } from 'yaml'
import {
  configHints,
  configJsonSchema,
  createSecretReader,
  loadConfig,
  maskConfig,
  secretReferences,
  type AskedSecret,
  type Config,
  type SecretHint,
} from '../config/index.ts'
import { isEvergrantError, type EvergrantError } from '../kernel/index.ts'
import { unfilledFields } from '../server/index.ts'
import { readKey } from '../vault/index.ts'
import { configPathOf, withCommonOptions, type CommonOptions } from './common-options.ts'
import { addConfigReloadCommand } from './config-reload.ts'
import type { CliIo } from './io.ts'
import { formatError } from './report-error.ts'
import type { CliContext } from './context.ts'

/** `evergrant config check|schema|reload` */
export function addConfigCommands(program: Command, context: CliContext): void {
  const { io } = context
  const config = program
    .command('config')
    .description('check the configuration, describe its format, or have it reloaded')
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant config check
  $ evergrant config schema > evergrant.schema.json
  $ evergrant config reload --key-file ops.key`,
    )

  withCommonOptions(
    config
      .command('check')
      .description('validate the configuration and print it as it was understood, secrets masked'),
  )
    .addHelpText(
      'after',
      `
Nothing is opened and nobody is asked; \`evergrant doctor\` does that. Every secret is read once,
so that commands that print one run.
Exits with 2 when a field is wrong, or a secret or key it refers to is not there.

Examples:
  $ evergrant config check
  $ evergrant config check --config /etc/evergrant/evergrant.yaml
  $ evergrant config check --json`,
    )
    .action(async (options: CommonOptions) => check(context, options))

  config
    .command('schema')
    .description('print the JSON Schema of evergrant.yaml, for editors')
    .addHelpText(
      'after',
      `
VS Code with its YAML extension (yaml-language-server) completes and checks evergrant.yaml when
its first line names the schema:
  # yaml-language-server: $schema=./evergrant.schema.json

Examples:
  $ evergrant config schema > evergrant.schema.json
  $ evergrant config schema | jq '.properties | keys'`,
    )
    .option('--json', 'as it is anyway')
    .action(() => io.out(`${JSON.stringify(configJsonSchema(), null, 2)}\n`))

  addConfigReloadCommand(config, context)
}

async function check(context: CliContext, options: CommonOptions): Promise<void> {
  const { io } = context
  const config = await loadConfig(configPathOf(io, options), { readFile, workingDirectory: io.cwd })
  const { failures, hints } = await trySecrets(io, config)
  hints.push(...configHints(config))
  for (const askedBy of unfilledFields(config)) {
    hints.push({ askedBy, hint: 'It still is the placeholder that `init` wrote.' })
  }
  const masked = maskConfig(config)
  if (options.json === true) {
    const result = {
      file: config.file,
      config: parse(masked) as unknown,
      problems: failures.map((failure) => failure.toProblem()),
      hints: hints.map(({ askedBy, hint }) => ({ asked_by: askedBy, hint })),
    }
    io.out(`${JSON.stringify(result)}\n`)
  } else {
    io.out(masked)
    for (const { askedBy, hint } of hints) io.note(`warning: ${askedBy}: ${hint}\n`)
    for (const failure of failures) io.note(formatError(failure))
    if (failures.length === 0)
      io.note(`${config.file} is valid, and every secret it names is there\n`)
  }
  if (failures.length > 0) context.exitWith(2)
}

/** Reads every secret and key once, keeping only what went wrong. */
async function trySecrets(
  io: CliIo,
  config: Config,
): Promise<{
  readonly failures: readonly EvergrantError[]
  readonly hints: SecretHint[]
}> {
  const hints: SecretHint[] = []
  const failures: EvergrantError[] = []
  const reader = createSecretReader({ env: io.env, readFile, onHint: (hint) => hints.push(hint) })
  const keys = new Map(
    config.encryption.keys.map(({ id }, index) => [`encryption.keys[${index}]`, id]),
  )
  const tryOne = async ({ askedBy, reference }: AskedSecret): Promise<void> => {
    try {
      const secret = await reader.read(reference, askedBy)
      const keyId = keys.get(askedBy)
      if (keyId !== undefined) readKey(keyId, secret)
    } catch (error) {
      if (!isEvergrantError(error)) throw error
      failures.push(error)
    }
  }
  // Fields with the same reference are tried together, so that its command runs once.
  const byPlace = Map.groupBy(secretReferences(config), ({ reference }) =>
    JSON.stringify(reference),
  )
  for (const asked of byPlace.values()) await Promise.all(asked.map(tryOne))
  return { failures, hints }
}
