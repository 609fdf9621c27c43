import type { Command } from 'commander'
import {
  addressOf,
  findAccount,
  findAccountKey,
  type Account,
  type AccountKind,
  type AccountPlace,
} from '../directory/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { accountToJson, openDirectoryDesks, type Composition } from '../server/index.ts'
import { formatAccount, formatAccounts } from './account-table.ts'
import {
  withCommonOptions,
  withComposition,
  wholeNumberOption,
  type CommonOptions,
} from './common-options.ts'
import type { CliContext } from './context.ts'
import { userOf } from './io.ts'
import { counted } from './table.ts'

interface KindOption extends CommonOptions {
  readonly kind?: string
}

interface ListOptions extends KindOption {
  readonly tenant?: string
  readonly search?: string
  readonly disabled?: boolean
  readonly limit: string
}

interface DisableOptions extends KindOption {
  readonly reason?: string
}

/** Accounts read at a time. */
const pageSize = 500

const howToAddress = `
ACCOUNT is TENANT/ID, an object id, a userPrincipalName or a mail address; of a service principal
also the id of its application. Several that could be meant are named, and none is picked.`

/** `evergrant accounts list|show|disable|enable` */
export function addAccountsCommands(program: Command, { io }: CliContext): void {
  const accounts = program
    .command('accounts')
    .description('look accounts of the imported directory up; disable them here')
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant accounts list --search ann
  $ evergrant accounts show ann@contoso.com
  $ evergrant accounts disable ann@contoso.com --reason 'laptop stolen'`,
    )

  withKind(
    accounts
      .command('list')
      .description('list accounts, and what is decided about them here')
      .option('--tenant <id>', 'only accounts of that tenant')
      .option('--search <text>', 'only those whose userPrincipalName, mail or name begins so')
      .option('--disabled', 'only those disabled here, imported or not')
      .option('--limit <n>', 'how many at most, up to 100000', '100'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant accounts list --search ann
  $ evergrant accounts list --disabled
  $ evergrant accounts list --kind servicePrincipal --json | jq '.[].properties.appId'`,
    )
    .action(async (options: ListOptions) => {
      const limit = wholeNumberOption('--limit', options.limit, 1, 100_000)
      await withComposition(io, options, async (composition) => {
        const { found, hasMore } = await list(composition, options, limit)
        io.out(
          options.json === true
            ? `${JSON.stringify(found.map(accountToJson))}\n`
            : formatAccounts(found),
        )
        if (hasMore) io.note(`There are more than ${limit}; see --limit and --search.\n`)
      })
    })

  withKind(accounts.command('show <account>').description('show one account'))
    .addHelpText(
      'after',
      `${howToAddress}

Examples:
  $ evergrant accounts show ann@contoso.com
  $ evergrant accounts show 11111111-2222-3333-4444-555555555555/66666666-7777-8888-9999-000000000000`,
    )
    .action(async (address: string, options: KindOption) => {
      await withComposition(io, options, async ({ store }) => {
        const account = await findAccount(address, { accounts: store.accounts, ...kindOf(options) })
        io.out(
          options.json === true
            ? `${JSON.stringify(accountToJson(account))}\n`
            : formatAccount(account),
        )
      })
    })

  withKind(
    accounts
      .command('disable <account>')
      .description('disable an account here, whatever its directory says, and end its sessions')
      .option('--reason <text>', 'why, up to 500 characters'),
  )
    .addHelpText(
      'after',
      `${howToAddress}

Running services refuse its tokens within a second; imports change nothing about it. An account that
no import knows yet can be disabled as TENANT/ID.

Examples:
  $ evergrant accounts disable ann@contoso.com --reason 'left the company'`,
    )
    .action(async (address: string, options: DisableOptions) => {
      await withComposition(io, options, async (composition) => {
        const { key, account } = await findKey(composition, address, options)
        const { reason } = options
        const { accountDesk } = desksOf(composition)
        const { hasChanged, revokedSessions } = await accountDesk.disable(key, {
          by: userOf(io),
          ...(reason === undefined ? {} : { reason }),
        })
        const name = addressOf(key)
        if (options.json === true) {
          const outcome = { account: name, changed: hasChanged, sessions_ended: revokedSessions }
          io.out(`${JSON.stringify(outcome)}\n`)
        } else {
          const what = hasChanged ? 'disabled' : 'was disabled already'
          io.out(`${name}: ${what}, ${counted(revokedSessions, 'session')} ended\n`)
        }
        if (account === undefined) io.note(`No import knows ${name}.\n`)
      })
    })

  withKind(
    accounts.command('enable <account>').description('enable an account that was disabled here'),
  )
    .addHelpText(
      'after',
      `${howToAddress}

Sessions that ended stay ended. What the directory says of the account counts again.

Examples:
  $ evergrant accounts enable ann@contoso.com`,
    )
    .action(async (address: string, options: KindOption) => {
      await withComposition(io, options, async (composition) => {
        const { key } = await findKey(composition, address, options)
        const changed = await desksOf(composition).accountDesk.enable(key, userOf(io))
        const name = addressOf(key)
        io.out(
          options.json === true
            ? `${JSON.stringify({ account: name, changed })}\n`
            : `${name}: ${changed ? 'enabled' : 'was not disabled here'}\n`,
        )
      })
    })
}

function withKind(command: Command): Command {
  return withCommonOptions(command.option('--kind <kind>', 'user or servicePrincipal'))
}

/** Services hear of changes from the store; this process remembers no account. */
export function desksOf(composition: Composition): ReturnType<typeof openDirectoryDesks> {
  return openDirectoryDesks(composition, { onChanged: () => {}, mayScan: true })
}

/** The key of an account that a command was given. @throws EvergrantError `account_unknown`, `usage` */
export async function findKey(
  { store }: Composition,
  address: string,
  options: KindOption,
): ReturnType<typeof findAccountKey> {
  return await findAccountKey(address, { accounts: store.accounts, ...kindOf(options) })
}

/** @throws EvergrantError `usage` */
export function kindOf({ kind }: KindOption): { readonly kind?: AccountKind } {
  if (kind === undefined) return {}
  if (kind === 'user' || kind === 'servicePrincipal') return { kind }
  throw new EvergrantError(
    'usage',
    `--kind: expected user or servicePrincipal, but saw ${JSON.stringify(kind.slice(0, 100))}`,
  )
}

async function list(
  { store }: Composition,
  options: ListOptions,
  limit: number,
): Promise<{ readonly found: readonly Account[]; readonly hasMore: boolean }> {
  const { tenant, search, disabled } = options
  const { kind = 'user' } = kindOf(options)
  const found: Account[] = []
  for (let after: AccountPlace | undefined; ;) {
    const page = await store.accounts.listAccounts({
      kind,
      limit: Math.min(pageSize, limit + 1 - found.length),
      ...(tenant === undefined ? {} : { tenantId: tenant }),
      ...(search === undefined ? {} : { search }),
      ...(disabled === true ? { disabledOnly: true } : {}),
      ...(after === undefined ? {} : { after }),
    })
    found.push(...page.accounts)
    after = page.next
    if (found.length > limit) return { found: found.slice(0, limit), hasMore: true }
    if (after === undefined) return { found, hasMore: false }
  }
}
