import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addConfigCommands } from './config.ts'
import { addConnectionsCommands } from './connections.ts'
import { addDemoCommand } from './demo.ts'
import { addDoctorCommand } from './doctor.ts'
import { addImportCommand } from './import.ts'
import { addImportsCommands } from './imports.ts'
import { addInitCommand } from './init.ts'
import type { CliContext } from './context.ts'
import type { CliIo } from './io.ts'
import { addKeysCommands } from './keys.ts'
import { reportError } from './report-error.ts'
import { addSimulatorCommand } from './simulator.ts'
import { addTokenCommand } from './token.ts'

/** Version of this package. */
export function packageVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}

/** Makes the whole command tree. */
export function createProgram(context: CliContext): Command {
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
  addInitCommand(program, context)
  addDemoCommand(program, context)
  addSimulatorCommand(program, context)
  addConfigCommands(program, context)
  addDoctorCommand(program, context)
  addKeysCommands(program, context)
  addConnectionsCommands(program, context)
  addTokenCommand(program, context)
  addImportCommand(program, context)
  addImportsCommands(program, context)
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
    await createProgram(context).parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    return reportError(io, error, args.includes('--json'))
  }
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
