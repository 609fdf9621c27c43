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
  type SecretReader,
} from '../config/index.ts'
import { isEvergrantError, type EvergrantError, type Secret } from '../kernel/index.ts'
import { lintConfigured, lintImports, refusedImports, unfilledFields } from '../server/index.ts'
import { readKey, type VaultKey } from '../vault/index.ts'
import { configPathOf, withCommonOptions, type CommonOptions } from './common-options.ts'
import { againstHelp, checkAgainstFile } from './config-against.ts'
import { addConfigReloadCommand } from './config-reload.ts'
import type { CliIo } from './io.ts'
import { formatError } from './report-error.ts'
import type { CliContext } from './context.ts'

interface CheckOptions extends CommonOptions {
  readonly strict?: boolean
  readonly against?: string
  readonly url?: string
  readonly keyFile?: string
  /** False with `--no-store`. */
  readonly store: boolean
}

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
      .description('validate the configuration and print it as it was understood, secrets masked')
      .option(
        '--against <file>',
        'count the accounts that another configuration would find otherwise',
      )
      .option('--strict', 'exit with 2 when there are warnings, or accounts found no more, too')
      .option('--no-store', 'leave the store alone')
      .option('--url <url>', 'with --against: the running service (default: server.publicUrl)')
      .option('--key-file <file>', 'with --against: file with a caller key, to compare refusals'),
  )
    .addHelpText(
      'after',
      `
No provider is asked; \`evergrant doctor\` does that. Every secret is read once, so that commands
that print one run. Where issuers find accounts, the store is opened if it is there, and warnings
count what its accounts show: columns that none has or that several share, tenants and applications
that were not imported. Notes say what is right but may surprise, such as what an import with
"delta" reads whole all the same.

Exits with 2 when a field is wrong, or a secret or key it refers to is not there; with --strict on a
warning, too, or when an account that is found now would not be. Notes change nothing of that.

${againstHelp}

Examples:
  $ evergrant config check
  $ evergrant config check --config /etc/evergrant/evergrant.yaml
  $ evergrant config check --strict --no-store
  $ evergrant config check --against next.yaml
  $ evergrant config check --against next.yaml --key-file ops.key
  $ evergrant config check --json`,
    )
    .action(async (options: CheckOptions) => check(context, options))

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

async function check(context: CliContext, options: CheckOptions): Promise<void> {
  const { io } = context
  const config = await loadConfig(configPathOf(io, options), { readFile, workingDirectory: io.cwd })
  const { failures, hints, keys, secrets } = await trySecrets(io, config)
  // A secret that cannot be read has been told, and is not tried again.
  if (failures.length === 0) failures.push(...(await refusedImports(config, secrets)))
  if (options.against !== undefined) {
    const [failure] = failures
    if (failure !== undefined) throw failure
    await checkAgainstFile(context, config, options.against, { keys, secrets }, options)
    return
  }
  hints.push(...configHints(config))
  if (options.store && failures.length === 0) {
    for (const { askedBy, found, remedy } of await lintConfigured(config, { keys, secrets })) {
      hints.push({ askedBy, hint: `${found} ${remedy}` })
    }
  }
  for (const askedBy of unfilledFields(config)) {
    hints.push({ askedBy, hint: 'It still is the placeholder that `init` wrote.' })
  }
  const notes = (await lintImports(config)).map(({ askedBy, found, remedy }) => ({
    askedBy,
    hint: `${found} ${remedy}`,
  }))
  const masked = maskConfig(config)
  if (options.json === true) {
    const result = {
      file: config.file,
      config: parse(masked) as unknown,
      problems: failures.map((failure) => failure.toProblem()),
      hints: hints.map(hintToJson),
      notes: notes.map(hintToJson),
    }
    io.out(`${JSON.stringify(result)}\n`)
  } else {
    io.out(masked)
    for (const { askedBy, hint } of hints) io.note(`warning: ${askedBy}: ${hint}\n`)
    for (const { askedBy, hint } of notes) io.note(`note: ${askedBy}: ${hint}\n`)
    for (const failure of failures) io.note(formatError(failure))
    if (failures.length === 0)
      io.note(`${config.file} is valid, and every secret it names is there\n`)
  }
  if (failures.length > 0 || (options.strict === true && hints.length > 0)) context.exitWith(2)
}

function hintToJson({ askedBy, hint }: SecretHint): object {
  return { asked_by: askedBy, hint }
}

/** What became of the secrets of a configuration. */
interface TriedSecrets {
  readonly failures: EvergrantError[]
  readonly hints: SecretHint[]
  /** The key ring, in order; not whole when there are failures. */
  readonly keys: readonly VaultKey[]
  /** Tells what was read, so that no command runs twice. */
  readonly secrets: SecretReader
}

/** Reads every secret and key once. */
async function trySecrets(io: CliIo, config: Config): Promise<TriedSecrets> {
  const hints: SecretHint[] = []
  const failures: EvergrantError[] = []
  const reader = createSecretReader({ env: io.env, readFile, onHint: (hint) => hints.push(hint) })
  const read = new Map<string, Secret>()
  const { keys: ring } = config.encryption
  const places = new Map(ring.map((_key, index) => [`encryption.keys[${index}]`, index]))
  const keys: VaultKey[] = []
  const tryOne = async ({ askedBy, reference }: AskedSecret): Promise<void> => {
    try {
      const secret = await reader.read(reference, askedBy)
      read.set(JSON.stringify(reference), secret)
      const place = places.get(askedBy)
      if (place !== undefined) keys[place] = readKey(ring[place]?.id ?? '', secret)
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
  const secrets: SecretReader = {
    read: async (reference, askedBy) =>
      read.get(JSON.stringify(reference)) ?? (await reader.read(reference, askedBy)),
  }
  return { failures, hints, keys, secrets }
}
