import { readFile, stat } from 'node:fs/promises'
import type { Command } from 'commander'
import {
  addressOf,
  findAccount,
  isGuid,
  readPeopleList,
  type PersonEntry,
  type PersonRecord,
} from '../directory/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { personToJson, type Composition } from '../server/index.ts'
import { formatPeople } from './account-table.ts'
import { desksOf, findKey, kindOf } from './accounts.ts'
import { withCommonOptions, withComposition, type CommonOptions } from './common-options.ts'
import type { CliContext } from './context.ts'
import { argumentPath, type CliIo } from './io.ts'
import { counted } from './table.ts'

interface ImportOptions extends CommonOptions {
  readonly dryRun?: boolean
}

interface LinkOptions extends CommonOptions {
  readonly kind?: string
  readonly role?: string
  readonly connections?: string
}

interface ListOptions extends CommonOptions {
  readonly search?: string
}

/** People read at a time. */
const pageSize = 500
/** Longest list of people (bytes). */
const longestList = 64 * 1_048_576
/** So many names are worth a look-up of their own, which imports pay for later. */
const namesWorthALookup = 100

/** `evergrant people import|link|unlink|list|show` */
export function addPeopleCommands(program: Command, { io }: CliContext): void {
  const people = program
    .command('people')
    .description('say which accounts belong to one person, and what each may do')
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant people import people.csv --dry-run
  $ evergrant people link 'Ann Archer' ann@contoso.com --role operator
  $ evergrant people list`,
    )

  withCommonOptions(
    people
      .command('import <file>')
      .description('link the accounts of a list to people: all of them, or none')
      .option('--dry-run', 'only check the list'),
  )
    .addHelpText(
      'after',
      `
The list is CSV with a header, or NDJSON; "-" reads it from standard input. Its columns:

  person       the person's name; who is not there yet is made
  tenant       the tenant's id
  account      the account's object id or userPrincipalName; it must have been imported
  role         viewer, operator, admin, or nothing
  connections  names parted by blanks or semicolons (in NDJSON also a list), or nothing
  kind         servicePrincipal, where it is no user

What an account had before from the same person is replaced. Accounts that are not in the list stay
as they are. Every line that is wrong is named.

Examples:
  $ evergrant people import people.csv --dry-run
  $ evergrant people import people.csv
  $ your-hr export | evergrant people import -`,
    )
    .action(async (file: string, options: ImportOptions) => {
      const { entries, problems } = readPeopleList(await readList(io, file))
      await withComposition(io, options, async (composition) => {
        await prepareNames(composition, entries)
        const isDryRun = options.dryRun === true
        const outcome = await desksOf(composition).peopleDesk.link(entries, { isDryRun, problems })
        io.out(
          options.json === true
            ? `${JSON.stringify(outcome)}\n`
            : `${counted(outcome.links, 'account')} of ${counted(outcome.people, 'person', 'people')} ${isDryRun ? 'could be linked' : 'linked'}\n`,
        )
      })
    })

  withCommonOptions(
    people
      .command('link <person> <account>')
      .description('link an account to a person, who is made where there is none of that name')
      .option('--kind <kind>', 'user or servicePrincipal')
      .option('--role <role>', 'what the account may do with our API: viewer, operator, admin')
      .option('--connections <names>', 'connections it may call, by comma'),
  )
    .addHelpText(
      'after',
      `
ACCOUNT is TENANT/ID, an object id, a userPrincipalName or a mail address. Role and connections are
what the account has besides the rules of issuers; those it had before from that person are replaced.

Examples:
  $ evergrant people link 'Ann Archer' ann@contoso.com
  $ evergrant people link 'Ann Archer' ann.admin@contoso.com --role admin --connections csp`,
    )
    .action(async (person: string, address: string, options: LinkOptions) => {
      await withComposition(io, options, async (composition) => {
        const { store } = composition
        const account = await findAccount(address, { accounts: store.accounts, ...kindOf(options) })
        const known = await store.people.getPerson(person)
        const { role, connections = '' } = options
        await desksOf(composition).peopleDesk.link([
          {
            place: 'the link',
            person: known?.name ?? person,
            tenant: account.tenantId,
            account: account.id,
            kind: account.kind,
            ...(role === undefined ? {} : { role }),
            connections: connections.split(',').flatMap((name) => name.trim() || []),
          },
        ])
        const linked = await requirePerson(composition, known?.id ?? person)
        io.out(
          options.json === true
            ? `${JSON.stringify(personToJson(linked))}\n`
            : `${addressOf(account)}: linked to ${linked.name}\n`,
        )
      })
    })

  withCommonOptions(
    people
      .command('unlink <account>')
      .description('take an account from its person; the person stays')
      .option('--kind <kind>', 'user or servicePrincipal'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant people unlink ann.admin@contoso.com`,
    )
    .action(async (address: string, options: LinkOptions) => {
      await withComposition(io, options, async (composition) => {
        const { key } = await findKey(composition, address, options)
        const changed = await desksOf(composition).peopleDesk.unlink(key)
        const name = addressOf(key)
        io.out(
          options.json === true
            ? `${JSON.stringify({ account: name, changed })}\n`
            : `${name}: ${changed ? 'unlinked' : 'was linked to nobody'}\n`,
        )
      })
    })

  withCommonOptions(
    people
      .command('list')
      .description('list people with their accounts')
      .option('--search <text>', 'only those whose name begins so'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant people list
  $ evergrant people list --json | jq '.[] | select(.accounts | length > 1) | .name'`,
    )
    .action(async (options: ListOptions) => {
      await withComposition(io, options, async (composition) => {
        const all = await listAll(composition, options)
        io.out(
          options.json === true ? `${JSON.stringify(all.map(personToJson))}\n` : formatPeople(all),
        )
      })
    })

  withCommonOptions(people.command('show <person>').description('show one person, by name or id'))
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant people show 'Ann Archer'`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        const person = await requirePerson(composition, name)
        io.out(
          options.json === true
            ? `${JSON.stringify(personToJson(person))}\n`
            : formatPeople([person]),
        )
      })
    })
}

/** @throws EvergrantError `person_unknown` */
async function requirePerson({ store }: Composition, nameOrId: string): Promise<PersonRecord> {
  const person = await store.people.getPerson(nameOrId)
  if (person !== undefined) return person
  const shown = JSON.stringify(nameOrId.slice(0, 100))
  throw new EvergrantError('person_unknown', `there is no person ${shown}`)
}

/** @throws EvergrantError `usage` */
async function readList(io: CliIo, file: string): Promise<string> {
  if (file === '-') return await io.readInput()
  const path = argumentPath(io, file)
  const shown = JSON.stringify(path)
  try {
    const { size } = await stat(path)
    if (size > longestList) {
      throw new EvergrantError('usage', `expected a list of at most 64 MiB, but ${shown} is larger`)
    }
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof EvergrantError) throw error
    throw new EvergrantError('usage', `${shown} cannot be read`, {
      remedy: 'Name a file that is there and may be read, or - for standard input.',
      cause: error,
    })
  }
}

/** A long list of names would read the whole directory for each of them. */
async function prepareNames(
  { store }: Composition,
  entries: readonly PersonEntry[],
): Promise<void> {
  if (entries.filter(({ account }) => !isGuid(account)).length < namesWorthALookup) return
  await store.accounts.prepareLookups([
    { kind: 'user', column: 'userPrincipalName', compare: 'lower' },
  ])
}

async function listAll(
  { store }: Composition,
  { search }: ListOptions,
): Promise<readonly PersonRecord[]> {
  const all: PersonRecord[] = []
  for (;;) {
    const after = all.at(-1)?.name
    const page = await store.people.listPeople({
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
      ...(search === undefined ? {} : { search }),
    })
    all.push(...page)
    if (page.length < pageSize) return all
  }
}
