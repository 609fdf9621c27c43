import type { Command } from 'commander'
import { EvergrantError, formatDuration, remainingLifeMs } from '../kernel/index.ts'
import { testConnection, type Composition } from '../server/index.ts'
import { withCommonOptions, withComposition, type CommonOptions } from './common-options.ts'
import {
  connectionToJson,
  formatConnection,
  formatConnections,
  type ShownConnection,
} from './connection-json.ts'
import type { CliIo } from './io.ts'
import { printChecks } from './print-checks.ts'
import type { CliContext } from './context.ts'

/** `evergrant connections list|show|test|refresh` */
export function addConnectionsCommands(program: Command, context: CliContext): void {
  const { io } = context
  const connections = program
    .command('connections')
    .description('see, test and refresh connections')
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant connections list
  $ evergrant connections show contoso-graph
  $ evergrant connections test contoso-graph`,
    )

  withCommonOptions(
    connections.command('list').description('list all connections and how they stand'),
  )
    .addHelpText(
      'after',
      `
States: unused (never had a token) · valid · expired (renewed on the next use) · failing (the last
renewal failed; a token that lives serves on) · lapsed (no token until a person acts). Nobody is
asked.

Examples:
  $ evergrant connections list
  $ evergrant connections list --json | jq '.[] | select(.state == "lapsed") | .name'`,
    )
    .action(async (options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        const { clock, engine } = composition
        const shown = await Promise.all(engine.names.map((name) => find(composition, name)))
        const now = clock.now()
        if (options.json === true) {
          io.out(`${JSON.stringify(shown.map((one) => connectionToJson(one, now)))}\n`)
        } else io.out(formatConnections(shown, now))
      })
    })

  withCommonOptions(connections.command('show <name>').description('show one connection in full'))
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant connections show contoso-graph
  $ evergrant connections show contoso-graph --json`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        const shown = await find(composition, name)
        const now = composition.clock.now()
        if (options.json === true) io.out(`${JSON.stringify(connectionToJson(shown, now))}\n`)
        else io.out(formatConnection(shown, now))
      })
    })

  withCommonOptions(
    connections
      .command('test <name>')
      .description('obtain a token and, for Microsoft Graph, read one user with it'),
  )
    .addHelpText(
      'after',
      `
Uses the stored token while it lives, as an import does; \`connections refresh\` forces a new one,
\`evergrant doctor\` looks at everything else.

Examples:
  $ evergrant connections test contoso-graph
  $ evergrant connections test contoso-graph --json`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        await printChecks(context, testConnection(composition, name), options.json === true)
      })
    })

  withCommonOptions(
    connections
      .command('refresh <name>')
      .description('obtain a new token now, whatever failed before'),
  )
    .addHelpText(
      'after',
      `
Every process on the store takes the new token up. Only a wait that the provider itself asked for
(Retry-After) is kept.

Examples:
  $ evergrant connections refresh contoso-graph
  $ evergrant connections refresh contoso-graph --json`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await withComposition(io, options, async (composition) =>
        refresh(io, composition, name, options.json === true),
      )
    })
}

async function find({ config, engine }: Composition, name: string): Promise<ShownConnection> {
  const status = await engine.status(name)
  const definition = config.connections[name]
  if (definition === undefined) throw new EvergrantError('connection_unknown', name)
  return { definition, status }
}

async function refresh(
  io: CliIo,
  composition: Composition,
  name: string,
  isJson: boolean,
): Promise<void> {
  const { clock, engine } = composition
  const before = (await engine.status(name)).token?.expiresAt
  // An old token that serves on is no success: what was asked for did not happen.
  const fail = (failure: EvergrantError): never => {
    const lifeMs = (before ?? 0) - clock.now()
    if (lifeMs > 0 && !isJson) {
      io.note(`the old token still serves, for ${formatDuration(lifeMs)}\n`)
    }
    throw failure
  }
  const renewal = await engine.refresh(name)
  if (!renewal.ok) return fail(renewal.error)
  const { token, warning } = renewal.value
  if (warning !== undefined) return fail(warning)
  if (isJson) {
    const result = {
      name,
      old_expires_at: before === undefined ? null : iso(before),
      new_expires_at: iso(token.expiresAt),
    }
    io.out(`${JSON.stringify(result)}\n`)
    return
  }
  const life = formatDuration(remainingLifeMs(token, clock.now()))
  io.out(
    [
      `old token  ${before === undefined ? 'none' : `expires ${iso(before)}`}`,
      `new token  expires ${iso(token.expiresAt)}, in ${life}`,
      '',
    ].join('\n'),
  )
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
