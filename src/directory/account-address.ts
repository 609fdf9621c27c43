import { EvergrantError } from '../kernel/index.ts'
import type { Account, AccountKey, AccountKind, AccountStore } from './account-ports.ts'

/** How accounts are found by what people write. */
export interface AccountAddressOptions {
  readonly accounts: Pick<AccountStore, 'findAccounts' | 'getAccount'>
  /** Only accounts of that kind; by default of either. */
  readonly kind?: AccountKind
  /** Only accounts of that tenant. */
  readonly tenantId?: string
}

const guid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i
/** So many are named when an address stands for several. */
const namedAtMost = 10

/** Tells whether a text is a GUID, as ids of tenants and accounts are. */
export function isGuid(text: string): boolean {
  return guid.test(text)
}

/** An account as people address it: `TENANT/ID`. */
export function addressOf({ tenantId, id }: AccountKey): string {
  return `${tenantId}/${id}`
}

/**
 * Finds the one account of an address: `TENANT/ID`, an id, a userPrincipalName, a mail address, or
 * the id of an application; the letters’ case does not count. By names that no look-up was prepared
 * for it reads the whole directory, so it belongs where that blocks nobody.
 *
 * @throws EvergrantError `account_unknown`; `usage` when several could be meant, which it names
 */
export async function findAccount(
  address: string,
  options: AccountAddressOptions,
): Promise<Account> {
  const found = await findAll(address, options)
  const [account] = found
  if (account === undefined) {
    throw new EvergrantError('account_unknown', `there is no account ${shown(address)}`)
  }
  if (found.length === 1) return account
  const names = found
    .slice(0, namedAtMost)
    .map((one) => `${addressOf(one)} (${one.kind} ${shown(nameOf(one))})`)
  const more = found.length > namedAtMost ? ', and more' : ''
  throw new EvergrantError(
    'usage',
    `${shown(address)} could be any of: ${names.join(', ')}${more}`,
    { remedy: 'Write the one that is meant as TENANT/ID.' },
  )
}

/**
 * The key of an address, of an account that no import knows as well when it is `TENANT/ID`.
 *
 * @throws EvergrantError `account_unknown`, `usage`
 */
export async function findAccountKey(
  address: string,
  options: AccountAddressOptions,
): Promise<{ readonly key: AccountKey; readonly account?: Account }> {
  const [tenantId = '', id = '', ...rest] = address.split('/')
  if (isGuid(tenantId) && isGuid(id) && rest.length === 0) {
    const found = await findAll(address, options)
    const [account] = found
    if (account === undefined) {
      const kind = options.kind ?? 'user'
      return { key: { tenantId: tenantId.toLowerCase(), kind, id: id.toLowerCase() } }
    }
  }
  const account = await findAccount(address, options)
  return { key: account, account }
}

async function findAll(
  address: string,
  { accounts, kind, tenantId }: AccountAddressOptions,
): Promise<readonly Account[]> {
  const kinds: readonly AccountKind[] = kind === undefined ? ['user', 'servicePrincipal'] : [kind]
  const slash = address.indexOf('/')
  if (slash >= 0) {
    const tenant = address.slice(0, slash)
    if (tenantId !== undefined && tenantId.toLowerCase() !== tenant.toLowerCase()) return []
    const id = address.slice(slash + 1)
    const found = await Promise.all(
      kinds.map(async (one) => await accounts.getAccount({ tenantId: tenant, kind: one, id })),
    )
    return found.filter((account) => account !== undefined)
  }
  const columns = isGuid(address)
    ? ([
        ['user', 'id'],
        ['servicePrincipal', 'id'],
        ['servicePrincipal', 'appId'],
      ] as const)
    : ([
        ['user', 'userPrincipalName'],
        ['user', 'mail'],
      ] as const)
  const found = new Map<string, Account>()
  for (const [one, column] of columns) {
    if (!kinds.includes(one)) continue
    const value = address.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
    const matching = await accounts.findAccounts({
      kind: one,
      where: [{ column, value, compare: 'lower' }],
      limit: namedAtMost + 1,
      ...(tenantId === undefined ? {} : { tenantId }),
    })
    for (const account of matching) found.set(addressOf(account), account)
  }
  return [...found.values()]
}

/** What an account is called, by its directory. */
export function nameOf({ properties, id }: Pick<Account, 'properties' | 'id'>): string {
  const names = ['userPrincipalName', 'displayName', 'mail'].map((name) => properties[name])
  return names.find((name): name is string => typeof name === 'string' && name !== '') ?? id
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 200))
