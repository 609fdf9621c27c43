import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import type { CliContext } from './context.ts'
import type { CliIo } from './io.ts'
import { noteCommand } from './common-options.ts'
import { reportError } from './report-error.ts'

/** Version of this package. */
export function packageVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}

type AddCommands = (program: Command, context: CliContext) => void

/** Every command by its first word, in the order of the help; each loads what it needs itself. */
const commands: Readonly<Record<string, () => Promise<AddCommands>>> = {
  init: async () => (await import('./init.ts')).addInitCommand,
  demo: async () => (await import('./demo.ts')).addDemoCommand,
  serve: async () => (await import('./serve.ts')).addServeCommand,
  simulator: async () => (await import('./simulator.ts')).addSimulatorCommand,
  config: async () => (await import('./config.ts')).addConfigCommands,
  doctor: async () => (await import('./doctor.ts')).addDoctorCommand,
  migrate: async () => (await import('./migrate.ts')).addMigrateCommand,
  keys: async () => (await import('./keys.ts')).addKeysCommands,
  connections: async () => (await import('./connections.ts')).addConnectionsCommands,
  consent: async () => (await import('./consent.ts')).addConsentCommands,
  console: async () => (await import('./console.ts')).addConsoleCommands,
  callers: async () => (await import('./callers.ts')).addCallersCommands,
  accounts: async () => (await import('./accounts.ts')).addAccountsCommands,
  people: async () => (await import('./people.ts')).addPeopleCommands,
  issuers: async () => (await import('./issuers.ts')).addIssuersCommands,
  token: async () => (await import('./token.ts')).addTokenCommand,
  call: async () => (await import('./call.ts')).addCallCommand,
  facade: async () => (await import('./facade.ts')).addFacadeCommands,
  run: async () => (await import('./run.ts')).addRunCommand,
  import: async () => (await import('./import.ts')).addImportCommand,
  imports: async () => (await import('./imports.ts')).addImportsCommands,
  alarms: async () => (await import('./alarms.ts')).addAlarmsCommands,
  audit: async () => (await import('./audit.ts')).addAuditCommands,
  traces: async () => (await import('./traces.ts')).addTracesCommands,
  remedy: async () => (await import('./remedy.ts')).addRemedyCommand,
  explain: async () => (await import('./explain.ts')).addExplainCommand,
}

/** The command that is called; all of them for the help and for whatever is none of them. */
function wanted(args: readonly string[]): readonly (() => Promise<AddCommands>)[] {
  const [first = ''] = args
  if (first === '--version' || first === '-V') return []
  const called = Object.hasOwn(commands, first) ? commands[first] : undefined
  return called === undefined ? Object.values(commands) : [called]
}

/** Makes the part of the command tree that these arguments need; without any, all of it. */
export async function createProgram(
  context: CliContext,
  args: readonly string[] = [],
): Promise<Command> {
  const program = new Command('evergrant')
    .description(
      'Keeps OAuth 2.0 grants to Microsoft Entra ID and any OAuth provider alive, and puts them to work.',
    )
    .version(packageVersion())
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant demo                               import 400,000 users from a simulated tenant
  $ evergrant init --for import                  write a first configuration
  $ evergrant doctor                             see whether everything is in place
  $ evergrant import contoso-graph users         import a real tenant's users
  $ evergrant imports log run_… --follow         watch a run's execution log

Exit codes: 0 done · 1 a fault of ours · 2 usage or configuration · 3 a person must act ·
            4 upstream or provider unavailable · 5 import incomplete`,
    )
    .showSuggestionAfterError()
  for (const add of await Promise.all(wanted(args).map((load) => load()))) add(program, context)
  prepare(program, context)
  return program
}

/** Runs one command line and returns its exit code; never throws. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  let exitCode = 0
  const context: CliContext = {
    io,
    exitWith: (code) => {
      exitCode = code
    },
  }
  try {
    const program = await createProgram(context, args)
    program.hook('preAction', (_program, called) => {
      noteCommand(io, pathOf(called), called.processedArgs, called.opts())
    })
    await program.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    return reportError(io, error, args.includes('--json'))
  }
}

/** The words that call a command, without those of the program itself. */
function pathOf(command: Command): string {
  const { parent } = command
  return parent === null ? '' : `${pathOf(parent)} ${command.name()}`.trim()
}

/** Gives every command the same manners: errors are thrown, output goes through `io`. */
function prepare(command: Command, context: CliContext): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => context.io.out(text),
    writeErr: (text) => context.io.note(text),
    // Told by `reportError`, like every other error.
    outputError: () => {},
  })
  for (const child of command.commands) prepare(child, context)
}
