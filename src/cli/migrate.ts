import type { Command } from 'commander'
import { migrateStore, type StoreMigration } from '../server/index.ts'
import { configPathOf, withCommonOptions, type CommonOptions } from './common-options.ts'
import type { CliContext } from './context.ts'

/** `evergrant migrate` */
export function addMigrateCommand(program: Command, { io }: CliContext): void {
  withCommonOptions(
    program
      .command('migrate')
      .description('prepare the store for this release of Evergrant, or bring it up to date'),
  )
    .addHelpText(
      'after',
      `
A PostgreSQL database is changed by this command alone: once before the first start, and before the
nodes of a new release start. Steps that only add run while nodes of the release before go on
working; a step they cannot live with is named as such: stop them first. All missing steps are one
transaction; when one fails nothing has changed. Two migrations at once are safe, and so is one with
nothing to do. Its tables stand in the schema "evergrant", so the database may be shared. It also makes the indexes by
which the issuers of the configuration find accounts: a service whose user owns no table cannot.

A SQLite store migrates itself whenever it is opened, after writing a backup beside it.

Examples:
  $ evergrant migrate
  $ evergrant migrate --json | jq .to`,
    )
    .action(async (options: CommonOptions) => {
      const done = await migrateStore({ configPath: configPathOf(io, options), env: io.env })
      io.out(options.json === true ? `${JSON.stringify(asJson(done))}\n` : describe(done))
    })
}

function asJson({ kind, place, schema }: StoreMigration): object {
  return {
    store: kind,
    place,
    ...(schema === undefined
      ? {}
      : {
          from: schema.from,
          to: schema.to,
          steps: schema.steps.map(({ version, since, isBreaking }) => ({
            version,
            since,
            breaking: isBreaking,
          })),
        }),
  }
}

function describe({ place, schema }: StoreMigration): string {
  if (schema === undefined) return `${place}: up to date\n`
  const { from, to, steps } = schema
  if (steps.length === 0) return `${place}: schema ${to}, nothing to do\n`
  const lines = steps.map(({ version, since, isBreaking }) => {
    const note = isBreaking && from > 0 ? '; releases before it cannot use the store any more' : ''
    return `  step ${version}, of Evergrant ${since}${note}\n`
  })
  const before = from === 0 ? 'no tables' : `schema ${from}`
  return `${place}: from ${before} to schema ${to}\n${lines.join('')}`
}
