import type { Command } from 'commander'
import { listConfiguredImports, setSchedulePaused, type ConfiguredImport } from '../server/index.ts'
import { withCommonOptions, withComposition, type CommonOptions } from './common-options.ts'
import type { CliContext } from './context.ts'
import { formatTable } from './table.ts'

/** Most imports that are listed: more stand in no file. */
const mostImports = 10_000

/** `evergrant imports schedule [pause|resume NAME]` */
export function addScheduleCommands(imports: Command, { io }: CliContext): void {
  const schedule = withCommonOptions(
    imports
      .command('schedule')
      .description('see when imports of the configuration are due, and what came of it'),
  )
    .addHelpText(
      'after',
      `
A running service begins imports by their \`schedule:\` (cron, UTC); of several services one does.

Examples:
  $ evergrant imports schedule
  $ evergrant imports schedule pause directory
  $ evergrant imports schedule resume directory`,
    )
    .action(async (options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        const all = await listConfiguredImports(composition, { limit: mostImports })
        io.out(options.json === true ? `${JSON.stringify(all)}\n` : format(all))
      })
    })

  for (const [verb, isPaused, description] of [
    ['pause', true, 'keep an import from being begun by its schedule; a run that is going goes on'],
    ['resume', false, 'let it be begun again from now on; what was due meanwhile is left out'],
  ] as const) {
    withCommonOptions(schedule.command(`${verb} <name>`).description(description))
      .addHelpText('after', `\nExamples:\n  $ evergrant imports schedule ${verb} directory`)
      .action(async (name: string, _own: CommonOptions, command: Command) => {
        // The command above has the same options, and takes them for itself.
        const options = command.optsWithGlobals<CommonOptions>()
        await withComposition(io, options, async (composition) => {
          const one = await setSchedulePaused(composition, name, { isPaused, by: 'command line' })
          io.out(options.json === true ? `${JSON.stringify(one)}\n` : format([one]))
        })
      })
  }
}

function format(all: readonly ConfiguredImport[]): string {
  if (all.length === 0) return 'the configuration describes no imports\n'
  return formatTable(
    ['NAME', 'SCHEDULE', 'NEXT DUE', 'LAST OUTCOME', 'LAST RUN', 'STATE'],
    all.map(({ name, schedule, paused, next_due_at, last_due, last_run }) => [
      name,
      schedule ?? '-',
      paused ? 'paused' : minute(next_due_at),
      last_due === null
        ? '-'
        : `${last_due.outcome}${last_due.code === null ? '' : ` (${last_due.code})`} ${minute(last_due.at)}`,
      last_run?.id ?? '-',
      last_run?.state ?? '-',
    ]),
  )
}

const minute = (instant: string | null): string =>
  instant === null ? '-' : `${instant.slice(0, 16)}Z`
