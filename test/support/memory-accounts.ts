import type { Account, AccountKind, AccountQuestion } from '../../src/directory/index.ts'

/** An account as a test writes it down: `id` is its own property, too. */
export interface AccountRow {
  readonly tenantId: string
  readonly id: string
  readonly kind?: AccountKind
  readonly properties?: Readonly<Record<string, unknown>>
  readonly disabled?: NonNullable<Account['disabled']>
  readonly link?: NonNullable<Account['link']>
}

/** A directory in memory that a test changes while it is asked. */
export interface MemoryAccounts {
  findAccounts(question: AccountQuestion): Promise<readonly Account[]>
  /** Puts an account there, in place of the one with its key. */
  put(row: AccountRow): void
  remove(id: string): void
  /** How often it was asked. */
  readonly asked: number
  /** Every answer from now on fails so; undefined: none. */
  fault: Error | undefined
}

/** Makes a directory that answers as the store does: text equals text, bounded by the limit. */
export function memoryAccounts(...rows: readonly AccountRow[]): MemoryAccounts {
  const accounts = new Map<string, Account>()
  let asked = 0
  const put: MemoryAccounts['put'] = ({ kind = 'user', properties = {}, ...row }) => {
    accounts.set(row.id, {
      ...row,
      kind,
      properties: { id: row.id, ...properties },
      updatedAt: 0,
    })
  }
  for (const row of rows) put(row)
  const store: MemoryAccounts = {
    findAccounts: async ({ tenantId, kind, where, limit }) => {
      asked++
      if (store.fault !== undefined) throw store.fault
      return [...accounts.values()]
        .filter(
          (account) =>
            account.kind === kind &&
            (tenantId === undefined || account.tenantId === tenantId) &&
            where.every(({ column, value, compare }) => {
              const seen = account.properties[column]
              if (typeof seen !== 'string') return false
              return compare === 'lower' ? seen.toLowerCase() === value : seen === value
            }),
        )
        .slice(0, limit)
    },
    put,
    remove: (id) => void accounts.delete(id),
    get asked() {
      return asked
    },
    fault: undefined,
  }
  return store
}
