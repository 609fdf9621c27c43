import { join } from 'node:path'
import type { Command } from 'commander'
import { EvergrantError, parseDuration } from '../kernel/index.ts'
import { compose, openCommandAudit, type CalledCommand, type Composition } from '../server/index.ts'
import { argumentPath, userOf, type CliIo } from './io.ts'

/** What every command takes. */
export interface CommonOptions {
  readonly config?: string
  readonly json?: boolean
}

/** Adds `--config` and `--json`. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file (default: ./evergrant.yaml)')
    .option('--json', 'print the result as JSON')
}

/** Path of the configuration file, absolute. */
export function configPathOf(io: CliIo, options: CommonOptions): string {
  return options.config === undefined
    ? join(io.cwd, 'evergrant.yaml')
    : argumentPath(io, options.config)
}

/**
 * Composes Evergrant for one command and closes it afterwards, whatever happens. A command that
 * stays (`isLasting`) follows what other processes change.
 */
export async function withComposition<T>(
  io: CliIo,
  options: CommonOptions,
  use: (composition: Composition) => Promise<T>,
  { isLasting = false }: { readonly isLasting?: boolean } = {},
): Promise<T> {
  const composition = await compose({
    configPath: configPathOf(io, options),
    env: io.env,
    role: 'main',
    isLasting,
  })
  const audit = openCommandAudit(composition, commandOf(io), (fault) => {
    throw fault
  })
  try {
    return await audit.audited(() => use(composition))
  } finally {
    await audit.close()
    await composition.close()
  }
}

/** The command that is being run, as the record of what was done shows it. */
const commands = new WeakMap<CliIo, CalledCommand>()

/** Notes which command is being run, before it is. */
export function noteCommand(
  io: CliIo,
  path: string,
  args: readonly unknown[],
  options: Readonly<Record<string, unknown>>,
): void {
  const words = args.filter((one): one is string => typeof one === 'string')
  commands.set(io, { path, args: words, options, user: userOf(io) })
}

function commandOf(io: CliIo): CalledCommand | undefined {
  return commands.get(io)
}

/** Reads a duration option in milliseconds. @throws EvergrantError `usage` */
export function durationOption(name: string, text: string): number {
  const read = parseDuration(text)
  if (read.ok) return read.value
  throw new EvergrantError('usage', `${name}: ${read.error}`)
}

/** Reads a whole-number option within bounds. @throws EvergrantError `usage` */
export function wholeNumberOption(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new EvergrantError(
    'usage',
    `${name}: expected a whole number from ${least} to ${most}, but saw ${JSON.stringify(text)}`,
  )
}
