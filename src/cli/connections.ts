import type { Command } from 'commander'
import { unknownConnection } from '../grants/index.ts'
import { testConnection, type Composition, type RegisteredConnection } from '../server/index.ts'
import {
  wholeNumberOption,
  withCommonOptions,
  withComposition,
  type CommonOptions,
} from './common-options.ts'
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
renewal failed; a token that lives serves on) · lapsed (no token until a person acts) · revoked ·
unknown (a refresh token may have been spent; see \`connections show\`) · orphaned (its connection
was removed) · template (gives tokens as NAME@TENANT). Nobody is asked.

Examples:
  $ evergrant connections list
  $ evergrant connections list csp-customer --limit 20
  $ evergrant connections list --json | jq '.[] | select(.state == "lapsed") | .name'`,
    )
    .action(async (template: string | undefined, options: ListOptions) => {
      await withComposition(io, options, async (composition) => {
        const shown =
          template === undefined
            ? await listAll(composition)
            : await listTenants(composition, template, options)
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
        const shown = await find(composition, name)
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
\`evergrant doctor\` looks at everything else. With the token of a person it reads that person.

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
  addEditCommands(connections, context)
}

interface ListOptions extends CommonOptions {
  readonly limit?: string
  readonly after?: string
}

/** Statuses asked for at a time. */
const batchSize = 50

async function listAll(composition: Composition): Promise<readonly ShownConnection[]> {
  const shown: ShownConnection[] = []
  const all = composition.connections.all()
  for (let i = 0; i < all.length; i += batchSize) {
    const batch = all.slice(i, i + batchSize)
    shown.push(...(await Promise.all(batch.map((one) => show(composition, one, one.config.name)))))
  }
  return shown
}

async function listTenants(
  composition: Composition,
  template: string,
  { limit = '100', after }: ListOptions,
): Promise<readonly ShownConnection[]> {
  const registered = requireConnection(composition, template)
  if (registered.definition.forTenant === undefined) {
    return [await show(composition, registered, template)]
  }
  const grants = await composition.store.grants.listGrants({
    connection: template,
    standing: 'current',
    limit: wholeNumberOption('--limit', limit, 1, 1_000),
    ...(after === undefined ? {} : { afterId: after }),
  })
  const shown: ShownConnection[] = []
  for (let i = 0; i < grants.length; i += batchSize) {
    const batch = grants.slice(i, i + batchSize).map(async ({ id, tenant }) => ({
      ...(await show(composition, registered, `${template}@${tenant}`)),
      grantId: id,
    }))
    shown.push(...(await Promise.all(batch)))
  }
  return shown
}

async function find(composition: Composition, address: string): Promise<ShownConnection> {
  const [name = ''] = address.split('@')
  return show(composition, requireConnection(composition, name), address)
}

function requireConnection(composition: Composition, name: string): RegisteredConnection {
  const found = composition.connections.find(name)
  if (found !== undefined) return found
  throw unknownConnection(name, composition.engine.names)
}

async function show(
  { engine }: Composition,
  registered: RegisteredConnection,
  address: string,
): Promise<ShownConnection> {
  const { config: definition, origin } = registered
  if (registered.definition.forTenant !== undefined && !address.includes('@')) {
    return { name: address, definition, origin }
  }
  return { name: address, definition, origin, status: await engine.status(address) }
}
