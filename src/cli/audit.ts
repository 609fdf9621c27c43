import type { Command } from 'commander'
import type { AuditEntry } from '../access/index.ts'
import { EvergrantError, parseDuration } from '../kernel/index.ts'
import { auditToJson } from '../server/index.ts'
import {
  wholeNumberOption,
  withCommonOptions,
  withComposition,
  type CommonOptions,
} from './common-options.ts'
import type { CliContext } from './context.ts'
import { formatTable } from './table.ts'

interface ListOptions extends CommonOptions {
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly connection?: string
  readonly since?: string
  readonly before?: string
  readonly limit: string
}

/** `evergrant audit list` */
export function addAuditCommands(program: Command, { io }: CliContext): void {
  const audit = program
    .command('audit')
    .description('see what was done and refused, and by whom')
    .addHelpText(
      'after',
      `
Entries are only ever added; the database refuses to change or delete one.

Examples:
  $ evergrant audit list
  $ evergrant audit list --connection csp --since 7d`,
    )

  withCommonOptions(
    audit
      .command('list')
      .description('list what was done, newest first')
      .option('--actor <name>', 'by whom, as the list shows it')
      .option('--action <action>', 'what: an operation of the API, or the type of an event')
      .option('--target <target>', 'on what')
      .option('--connection <name>', 'about which connection')
      .option('--since <when>', 'since an instant (2026-11-01T00:00:00Z), or so long ago (7d)')
      .option('--before <id>', 'older than that entry: the next page')
      .option('--limit <entries>', 'how many, 1 to 1000', '100'),
  )
    .addHelpText(
      'after',
      `
With --json each entry tells how its target stood before and after, without secrets.

Examples:
  $ evergrant audit list --action connections.revoke
  $ evergrant audit list --since 24h --json | jq '.[] | select(.outcome == "refused")'`,
    )
    .action(async (options: ListOptions) => {
      const limit = wholeNumberOption('--limit', options.limit, 1, 1_000)
      const { actor, action, target, connection, since, before: after } = options
      await withComposition(io, options, async ({ store, clock }) => {
        const found = await store.audit.listEntries({
          limit,
          ...(actor === undefined ? {} : { actor }),
          ...(action === undefined ? {} : { action }),
          ...(target === undefined ? {} : { target }),
          ...(connection === undefined ? {} : { connection }),
          ...(since === undefined ? {} : { since: readSince(since, clock.now()) }),
          ...(after === undefined ? {} : { after }),
        })
        io.out(
          options.json === true
            ? `${JSON.stringify(found.map((entry) => auditToJson(entry)))}\n`
            : format(found),
        )
      })
    })
}

/** @throws EvergrantError `usage` */
function readSince(text: string, now: number): number {
  const ago = parseDuration(text)
  if (ago.ok) return now - ago.value
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(at)) return at
  throw new EvergrantError(
    'usage',
    `--since: expected an instant or a duration, but saw ${JSON.stringify(text)}`,
  )
}

function format(entries: readonly AuditEntry[]): string {
  if (entries.length === 0) return 'nothing is recorded\n'
  return formatTable(
    ['AT', 'ACTOR', 'KIND', 'ACTION', 'TARGET', 'OUTCOME', 'ID'],
    entries.map(({ at, actor, actorKind, action, target, outcome, code, id }) => [
      new Date(at).toISOString(),
      actor,
      actorKind,
      action,
      target === '' ? '-' : target,
      code === undefined ? outcome : `${outcome}: ${code}`,
      id,
    ]),
  )
}
