import type { Command } from 'commander'
import { EvergrantError } from '../kernel/index.ts'
import { testConnection, type Composition } from '../server/index.ts'
import { withCommonOptions, withComposition, type CommonOptions } from './common-options.ts'
import {
  connectionToJson,
  formatConnection,
  formatConnections,
  type ShownConnection,
} from './connection-json.ts'
import { addEditCommands } from './connections-edit.ts'
import { addGrantCommands } from './connections-grants.ts'
import { printChecks } from './print-checks.ts'
import type { CliContext } from './context.ts'

/** `evergrant connections …` */
export function addConnectionsCommands(program: Command, context: CliContext): void {
  const { io } = context
  const connections = program
    .command('connections')
    .description('see, test, change and renew connections')
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant connections list
  $ evergrant connections show contoso-graph
  $ evergrant connections test contoso-graph
  $ evergrant connections add ping --provider ping --client-id app --secret --scope read < secret.txt`,
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

  addGrantCommands(connections, context)
  addEditCommands(connections, context)
}

async function find({ config, engine }: Composition, name: string): Promise<ShownConnection> {
  const status = await engine.status(name)
  const definition = config.connections[name]
  if (definition === undefined) throw new EvergrantError('connection_unknown', name)
  return { definition, status }
}
