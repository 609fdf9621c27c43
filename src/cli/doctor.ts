import type { Command } from 'commander'
import { diagnose } from '../server/index.ts'
import { configPathOf, withCommonOptions, type CommonOptions } from './common-options.ts'
import { printChecks } from './print-checks.ts'
import type { CliContext } from './context.ts'

/** `evergrant doctor [CONNECTION]` */
export function addDoctorCommand(program: Command, context: CliContext): void {
  const { io } = context
  withCommonOptions(
    program
      .command('doctor [connection]')
      .description('check everything an import needs, and say what to do about the rest'),
  )
    .addHelpText(
      'after',
      `
Looks at Node.js, configuration, keys, store, disk, issuers, network, clock, token and permissions. It asks
for one token a connection, reads one user with it, and changes nothing; only a store of an older
schema is brought up to date (after a backup), as every command does.

Exits with 0 when nothing failed (warnings do not count), else with the lowest code that applies:
2 configuration · 3 a person must act · 4 provider or Graph unavailable.

Examples:
  $ evergrant doctor
  $ evergrant doctor contoso-graph
  $ evergrant doctor --json | jq '.[] | select(.status != "ok")'`,
    )
    .action(async (connection: string | undefined, options: CommonOptions) => {
      const isJson = options.json === true
      const checks = diagnose({
        configPath: configPathOf(io, options),
        env: io.env,
        ...(connection === undefined ? {} : { connection }),
      })
      const seen = await printChecks(context, checks, isJson)
      if (isJson) return
      const failed = seen.filter(({ status }) => status === 'fail').length
      const warned = seen.filter(({ status }) => status === 'warn').length
      if (failed === 0 && warned === 0) io.note('everything is in place\n')
      else io.note(`${count(failed, 'failure')}, ${count(warned, 'warning')}\n`)
    })
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}
