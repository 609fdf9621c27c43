import { nameOf, type Account, type PersonRecord } from '../directory/index.ts'
import { formatFields, formatTable } from './table.ts'

const time = (epochMs: number): string => new Date(epochMs).toISOString()

/** Accounts as a table. */
export function formatAccounts(accounts: readonly Account[]): string {
  if (accounts.length === 0) return 'no accounts; `evergrant import CONNECTION users` brings some\n'
  return formatTable(
    ['NAME', 'TENANT', 'ID', 'STATE', 'PERSON'],
    accounts.map((account) => [
      nameOf(account),
      account.tenantId,
      account.id,
      stateOf(account),
      account.link?.personName ?? '-',
    ]),
  )
}

/** One account, a fact a line. */
export function formatAccount(account: Account): string {
  const { disabled, link, properties } = account
  const shown = Object.entries(properties).filter(([name]) => name !== 'id')
  return formatFields([
    ['account', `${account.tenantId}/${account.id}`],
    ['kind', account.kind],
    ['state', stateOf(account)],
    ['disabled', disabled === undefined ? undefined : `${time(disabled.at)} by ${disabled.by}`],
    ['reason', disabled?.reason],
    ['person', link?.personName],
    ['role', link?.role],
    ['connections', link === undefined ? undefined : link.connections.join(', ')],
    ['updated', time(account.updatedAt)],
    ...shown.map(([name, value]) => [name, textOf(value)] as const),
  ])
}

/** People as a table, a line for each account. */
export function formatPeople(people: readonly PersonRecord[]): string {
  if (people.length === 0) return 'no people; `evergrant people link` makes one\n'
  return formatTable(
    ['PERSON', 'TENANT', 'ACCOUNT', 'KIND', 'ROLE', 'CONNECTIONS'],
    people.flatMap(({ name, accounts }) =>
      accounts.length === 0
        ? [[name, '-', '-', '-', '-', '-']]
        : accounts.map((account) => [
            name,
            account.tenantId,
            account.id,
            account.kind,
            account.role ?? '-',
            account.connections.join(', ') || '-',
          ]),
    ),
  )
}

function stateOf({ disabled, properties, isMissing }: Account): string {
  if (disabled !== undefined) return isMissing === true ? 'disabled, unknown' : 'disabled here'
  return properties['accountEnabled'] === false ? 'disabled there' : 'enabled'
}

function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined
  return typeof value === 'string' ? value : JSON.stringify(value)
}
