import type { Command } from 'commander'
import { parse } from 'yaml'
import { connectionToFile } from '../config/index.ts'
import { unknownConnection } from '../grants/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import {
  connectionTaken,
  findStoredConnection,
  saveConnection,
  type Composition,
  type ConnectionEntry as Entry,
} from '../server/index.ts'
import { withCommonOptions, withComposition, type CommonOptions } from './common-options.ts'
import {
  applyOptions,
  newEntry,
  withEntryOptions,
  withPresetOption,
  type EntryOptions,
} from './connection-options.ts'
import type { CliContext } from './context.ts'
import type { CliIo } from './io.ts'

/** `evergrant connections add|edit|remove|export`: connections that are kept in the store. */
export function addEditCommands(connections: Command, { io }: CliContext): void {
  withPresetOption(
    withEntryOptions(
      connections.command('add <name>').description('define a connection in the store'),
    ),
  )
    .addHelpText(
      'after',
      `
Every process on the store knows the connection within a second; the file stays as it is. Names are
unique across file and store. A secret that comes by --secret is sealed in the store.

Examples:
  $ evergrant connections add ping --provider ping --client-id app --grant client_credentials \\
      --scope read --secret < secret.txt
  $ evergrant connections add contoso-graph --preset graph-import --provider contoso \\
      --client-id 2f0c0000-1111-4222-8333-444444444444 --secret-env CONTOSO_SECRET --expires 2027-03-01
  $ evergrant connections add csp --preset csp-partner --provider contoso \\
      --client-id 2f0c0000-1111-4222-8333-444444444444 --secret < secret.txt
  $ evergrant connections add csp --from csp.yaml`,
    )
    .action(async (name: string, options: EntryOptions) => {
      await withComposition(io, options, async (composition) => {
        const { connections: known, store } = composition
        const stored = await store.connections.getConnection(name)
        if (stored !== undefined || known.find(name) !== undefined) throw connectionTaken(name)
        const drafted = await applyOptions(io, await newEntry(io, options), options)
        const version = await saveConnection(composition, name, drafted, undefined)
        tell(io, name, { version, what: 'added' }, options)
      })
    })

  withEntryOptions(
    connections.command('edit <name>').description('change a connection that is kept in the store'),
  )
    .addHelpText(
      'after',
      `
Only what is named changes; with --from, everything is as the file says. Running processes take the
change up within a second, and use no token any more that was obtained with other credentials.

Examples:
  $ evergrant connections edit ping --secret < new-secret.txt
  $ evergrant connections edit ping --credential 1 --secret < second-secret.txt   # tried when the first is refused
  $ evergrant connections edit ping --scope 'read write'`,
    )
    .action(async (name: string, options: EntryOptions) => {
      requireChange(options)
      await withComposition(io, options, async (composition) => {
        const stored = await findStoredConnection(composition, name)
        const base =
          options.from === undefined
            ? (JSON.parse(stored.body) as Entry)
            : await newEntry(io, options)
        const drafted = await applyOptions(io, base, options)
        const version = await saveConnection(composition, name, drafted, stored)
        tell(io, name, { version, what: 'changed' }, options)
      })
    })

  withCommonOptions(
    connections
      .command('remove <name>')
      .description('remove a connection that is kept in the store'),
  )
    .addHelpText(
      'after',
      `
Its secrets are erased; its grants stay as \`orphaned\`, so that a connection of the same name finds
them again. To end them at the provider too, revoke first.

Examples:
  $ evergrant connections revoke ping && evergrant connections remove ping`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        await findStoredConnection(composition, name)
        const { store, clock } = composition
        const isRemoved = await store.connections.removeConnection(name, clock.now())
        if (!isRemoved) throw unknownConnection(name, composition.engine.names)
        io.out(
          options.json === true
            ? `${JSON.stringify({ name, removed: true })}\n`
            : `${name}: removed\n`,
        )
      })
    })

  withCommonOptions(
    connections
      .command('export <name>')
      .description('print a connection as an entry of evergrant.yaml'),
  )
    .addHelpText(
      'after',
      `
Sealed secrets are not printed: references to environment variables stand in their place, for you to
fill.

Examples:
  $ evergrant connections export ping > ping.yaml
  $ evergrant connections export ping --json`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        const found = composition.connections.find(name)
        if (found === undefined) throw withReason(composition, name)
        const { yaml, variables } = connectionToFile(found.config)
        if (options.json === true) {
          io.out(`${JSON.stringify({ ...(parse(yaml) as object), variables })}\n`)
          return
        }
        io.out(yaml)
        if (variables.length > 0) io.note(`to be set where it is used: ${variables.join(', ')}\n`)
      })
    })
}

function tell(
  io: CliIo,
  name: string,
  { version, what }: { readonly version: number; readonly what: string },
  { json }: CommonOptions,
): void {
  io.out(
    json === true
      ? `${JSON.stringify({ name, version })}\n`
      : `${name}: ${what}; \`evergrant connections test ${name}\` tries it\n`,
  )
}

function requireChange(options: EntryOptions): void {
  const { config: _config, json: _json, ...said } = options
  if (Object.keys(said).length > 0) return
  throw new EvergrantError('usage', 'expected something to change, but no option names it', {
    remedy: 'See `evergrant connections edit --help`.',
  })
}

/** Why a connection cannot be had: it may stand in the store and not fit the configuration. */
function withReason(composition: Composition, name: string): EvergrantError {
  const unusable = composition.connections.unusable().find((one) => one.name === name)
  if (unusable === undefined) return unknownConnection(name, composition.engine.names)
  return new EvergrantError('connection_invalid', unusable.detail)
}
