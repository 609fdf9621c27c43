import type { Command } from 'commander'
import { EvergrantError } from '../kernel/index.ts'
import { pauseConnection, pauseToJson, resumeConnection } from '../server/index.ts'
import { withCommonOptions, withComposition, type CommonOptions } from './common-options.ts'
import type { CliContext } from './context.ts'

interface PauseOptions extends CommonOptions {
  readonly reason?: string
  readonly keepAlive: boolean
}

/** `evergrant connections pause|resume` */
export function addPauseCommands(connections: Command, { io }: CliContext): void {
  withCommonOptions(
    connections
      .command('pause <name>')
      .description('hand out no token of a connection until it is resumed')
      .option('--reason <text>', 'why, for people: `connections show` tells it')
      .option('--no-keep-alive', 'leave its refresh token unused as well: it may die of idleness'),
  )
    .addHelpText(
      'after',
      `
Every process on the store notices within a second. Callers, the gateway and imports are answered
connection_paused; calls that already have their token go on. A template or a partner's connection
is paused with all its tenants and customers. Nothing is revoked: \`connections revoke\` does that.

The refresh token is still used in time, so that a pause of months does not cost the consent. With
--no-keep-alive it is not: at Entra it then dies after 90 days, and alarms tell before.

Examples:
  $ evergrant connections pause csp --reason 'moving to another application'
  $ evergrant connections resume csp`,
    )
    .action(async (name: string, options: PauseOptions) => {
      const reason = options.reason?.trim() ?? ''
      if (reason.length > 500 || /\p{Cc}/u.test(reason)) {
        throw new EvergrantError('usage', '--reason: expected one line of at most 500 characters')
      }
      await withComposition(io, options, async (composition) => {
        const by = io.env['USER'] ?? io.env['USERNAME'] ?? 'command line'
        const wanted = { by, reason, keepsAlive: options.keepAlive }
        const { hasChanged, pause } = await pauseConnection(composition, name, wanted)
        const paused = pause === undefined ? null : pauseToJson(pause)
        if (options.json === true) {
          io.out(`${JSON.stringify({ name, changed: hasChanged, paused })}\n`)
        } else if (hasChanged)
          io.out(`${name}: paused; it hands out no token until it is resumed\n`)
        else io.out(`${name}: was paused already, by ${paused?.by} at ${paused?.at}\n`)
      })
    })

  withCommonOptions(
    connections
      .command('resume <name>')
      .description('let a paused connection hand out tokens again'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant connections resume csp --json`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        const { hasChanged } = await resumeConnection(composition, name)
        if (options.json === true) {
          io.out(`${JSON.stringify({ name, changed: hasChanged, paused: null })}\n`)
        } else
          io.out(hasChanged ? `${name}: hands out tokens again\n` : `${name}: was not paused\n`)
      })
    })
}
