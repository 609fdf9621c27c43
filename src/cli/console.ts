import type { Command } from 'commander'
import { makeConsoleLink, roles, type Role } from '../access/index.ts'
import { EvergrantError, systemRandom } from '../kernel/index.ts'
import { consoleLinkUrl } from '../server/index.ts'
import {
  durationOption,
  withCommonOptions,
  withComposition,
  type CommonOptions,
} from './common-options.ts'
import type { CliContext } from './context.ts'
import { userOf } from './io.ts'

interface LinkOptions extends CommonOptions {
  readonly role: string
  readonly expires: string
  readonly name: string
}

/** Bounds of how long a link is good for (ms). */
const leastLifeMs = 60_000
const mostLifeMs = 86_400_000

/** `evergrant console link` */
export function addConsoleCommands(program: Command, { io }: CliContext): void {
  const commands = program
    .command('console')
    .description('let people into the console')
    .addHelpText(
      'after',
      `
The console is at /console/ of the running service.

Examples:
  $ evergrant console link
  $ evergrant console link --role viewer --name Anna`,
    )

  withCommonOptions(
    commands
      .command('link')
      .description('make a link that signs in to the console, once')
      .option('--role <role>', `what whoever signs in may do: ${roles.join(', ')}`, 'admin')
      .option('--expires <duration>', 'how long it is good for, 1m to 24h', '30m')
      .option('--name <text>', 'who it is for, as records of what is done show it', 'admin link'),
  )
    .addHelpText(
      'after',
      `
The link goes to standard output, and is kept nowhere: the store has a hash of it. Whoever has it can
sign in, once; opening it spends nothing, the button on its page does. A session that began with a link
lasts as long as any other: \`server.console.longest\`, 12h by default.

Examples:
  $ evergrant console link
  $ evergrant console link --role operator --expires 5m --name "night shift"`,
    )
    .action(async (options: LinkOptions) => {
      const role = readRole(options.role)
      const lifeMs = durationOption('--expires', options.expires)
      if (lifeMs < leastLifeMs || lifeMs > mostLifeMs) {
        throw new EvergrantError('usage', '--expires: expected 1m to 24h')
      }
      const name = options.name.trim()
      if (name === '' || /\p{Cc}/u.test(name) || name.length > 100) {
        throw new EvergrantError('usage', '--name: expected 1 to 100 characters in one line')
      }
      await withComposition(io, options, async ({ store, clock, events, config }) => {
        const { publicUrl, console } = config.server
        if (!console.enabled) {
          throw new EvergrantError('usage', 'nobody signs in: "server.console.enabled" is false')
        }
        const { link, token } = await makeConsoleLink(
          { store: store.console, clock, random: systemRandom, emit: events.emit },
          { name, role, lifeMs, by: userOf(io) },
        )
        const url = consoleLinkUrl(publicUrl, token.reveal())
        const expiresAt = new Date(link.expiresAt).toISOString()
        io.out(
          options.json === true
            ? `${JSON.stringify({ id: link.id, url, name, role, expires_at: expiresAt })}\n`
            : `${url}\n`,
        )
        if (options.json !== true) io.note(`good once, until ${expiresAt}, for the role ${role}\n`)
      })
    })
}

function readRole(text: string): Role {
  const role = roles.find((one) => one === text)
  if (role !== undefined) return role
  throw new EvergrantError(
    'usage',
    `--role: expected ${roles.join(', ')}, but saw ${JSON.stringify(text)}`,
  )
}
