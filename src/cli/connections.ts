import type { Command } from 'commander'
import {
  connectionToJson,
  listConnections,
  listTenants,
  showConnection,
  testConnection,
} from '../server/index.ts'
import {
  wholeNumberOption,
  withCommonOptions,
  withComposition,
  type CommonOptions,
} from './common-options.ts'
import { formatConnection, formatConnections } from './connection-json.ts'
import { addEditCommands } from './connections-edit.ts'
import { addCustomersCommand } from './connections-customers.ts'
import { addPermissionsCommand } from './connections-permissions.ts'
import { addPauseCommands } from './connections-pause.ts'
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
    connections
      .command('list [template]')
      .description('list all connections, or the tenants of a template, and how they stand')
      .option('--limit <n>', 'how many tenants of a template, at most 1000 (default: 100)')
      .option('--after <id>', 'go on behind this grant: `grant_id` of the last one with --json'),
  )
    .addHelpText(
      'after',
      `
States: unused (never had a token) · valid · expired (renewed on the next use) · failing (the last
renewal failed; a token that lives serves on) · lapsed (no token until a person acts) · lapsing
(the same, but the last token still lives; \`failing\` with \`lapsing\` in JSON) · revoked ·
unknown (a refresh token may have been spent; see \`connections show\`) · orphaned (its connection
was removed) · paused (by an operator; hands out nothing) · template (gives tokens as NAME@TENANT). Nobody is asked.

Examples:
  $ evergrant connections list
  $ evergrant connections list csp-customer --limit 20
  $ evergrant connections list --json | jq '.[] | select(.state == "lapsed") | .name'`,
    )
    .action(async (template: string | undefined, options: ListOptions) => {
      await withComposition(io, options, async (composition) => {
        const shown =
          template === undefined
            ? await listConnections(composition, composition.connections.all())
            : await listTenants(composition, template, {
                limit: wholeNumberOption('--limit', options.limit ?? '100', 1, 1_000),
                ...(options.after === undefined ? {} : { after: options.after }),
              })
        const now = composition.clock.now()
        if (options.json === true) {
          io.out(`${JSON.stringify(shown.map((one) => connectionToJson(one, now)))}\n`)
          return
        }
        const none =
          template === undefined
            ? undefined
            : `${template}: no tenant has a grant yet; ${template}@TENANT gets one when it is first used`
        io.out(formatConnections(shown, now, none))
        for (const { name, detail } of composition.connections.unusable()) {
          io.note(`connection "${name}" of the store cannot be used: ${detail}\n`)
        }
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
        const shown = await showConnection(composition, name)
        const now = composition.clock.now()
        if (options.json === true) io.out(`${JSON.stringify(connectionToJson(shown, now))}\n`)
        else io.out(formatConnection(shown, now))
      })
    })

  withCommonOptions(
    connections
      .command('test <name>')
      .description(
        'obtain a token for everything it is for and, for Microsoft Graph, read one user',
      ),
  )
    .addHelpText(
      'after',
      `
Uses the stored tokens while they live, as an import does; \`connections refresh\` forces a new one,
\`evergrant doctor\` looks at everything else. With the token of a person it reads that person, and
calls Partner Center and Azure Resource Manager where the connection is for them, as after the sign-in.

Examples:
  $ evergrant connections test contoso-graph
  $ evergrant connections test csp@fabrikam.onmicrosoft.com
  $ evergrant connections test contoso-graph --json`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        await printChecks(context, testConnection(composition, name), options.json === true)
      })
    })

  addGrantCommands(connections, context)
  addPermissionsCommand(connections, context)
  addCustomersCommand(connections, context)
  addPauseCommands(connections, context)
  addEditCommands(connections, context)
}

interface ListOptions extends CommonOptions {
  readonly limit?: string
  readonly after?: string
}
