import type { AccountQuestion, AccountStore } from '../../directory/index.ts'
import { listAccounts } from '../rows/account-listing.ts'
import {
  asAccount,
  asSpread,
  comparable,
  foldId,
  keyValues,
  type AccountRow,
  type SpreadRow,
} from '../rows/account-row.ts'
import { createAccountReads } from './account-reads.ts'
import { findStatement, spreadSql } from './account-sql.ts'
import type { Connection } from './connection.ts'
import type { Lookups } from './lookups.ts'
import { keyOfId } from './object-ids.ts'

/** Looks accounts up in PostgreSQL, and keeps what is decided about them here. */
export function createAccountStore(connection: Connection, lookups: Lookups): AccountStore {
  const { read, write } = connection

  const find = async (question: AccountQuestion): Promise<readonly AccountRow[]> => {
    const where = comparable(question.where)?.map((condition) =>
      condition.column === 'id' ? { ...condition, value: keyOfId(condition.value) } : condition,
    )
    if (where === undefined) return []
    const { tenantId } = question
    const { sql, values } = findStatement({
      ...question,
      where,
      ...(tenantId === undefined ? {} : { tenantId: foldId(tenantId) }),
    })
    return await read(async (reader) => await reader.rows<AccountRow>(sql, values))
  }

  return {
    getAccount: async ({ tenantId, kind, id }) => {
      const where = [{ column: 'id', value: id, compare: 'exact' }] as const
      const [row] = await find({ tenantId, kind, where, limit: 1 })
      return row === undefined ? undefined : asAccount(row)
    },

    findAccounts: async (question) => (await find(question)).map(asAccount),

    listAccounts: async (query) =>
      await listAccounts(createAccountReads(connection, lookups), query),

    prepareLookups: async (columns) => {
      for (const column of columns) if (column.column !== 'id') await lookups.make(column)
    },

    hasLookup: async (column) => column.column === 'id' || (await lookups.has(column)),

    spreadOf: async (column, within) =>
      asSpread(
        await read(
          async (reader) => await reader.row<SpreadRow>(spreadSql(column, within), [column.kind]),
        ),
      ),

    disableAccount: async (key, { at, by, reason }) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `INSERT INTO evergrant.disabled_accounts VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT DO NOTHING`,
          [...keyValues(key), at, by, reason ?? null],
        )
        if (changes > 0) transaction.bump('accounts')
        return changes > 0
      }),

    enableAccount: async (key) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `DELETE FROM evergrant.disabled_accounts
           WHERE kind = $1 AND tenant_id = $2 AND account_id = $3`,
          keyValues(key),
        )
        if (changes > 0) transaction.bump('accounts')
        return changes > 0
      }),
  }
}
