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
import { createAccountReads, hasIndex } from './account-reads.ts'
import { createLookupSql, findSql, spreadSql } from './account-sql.ts'
import type { Connection } from './connection.ts'
import { bumpGeneration } from './generations.ts'
import { textOfId } from './object-keys.ts'

/** Looks accounts up in SQLite, and keeps what is decided about them here. */
export function createAccountStore(connection: Connection): AccountStore {
  const { prepare, read, write } = connection

  const find = async ({
    where,
    kind,
    tenantId,
    limit,
  }: AccountQuestion): Promise<readonly AccountRow[]> => {
    const conditions = comparable(where)
    if (conditions === undefined) return []
    const byId = conditions.find(({ column }) => column === 'id')
    const values: Record<string, string | number> = { kind, limit }
    for (const [at, { column, value }] of conditions.entries()) {
      if (column !== 'id' || conditions[at] !== byId) values[`v${at}`] = value
    }
    if (tenantId !== undefined) values['tenantId'] = foldId(tenantId)
    if (byId !== undefined) values['key'] = textOfId(byId.value)
    const sql = findSql(conditions, tenantId !== undefined)
    return await read(() => prepare<unknown[], AccountRow>(sql).all(values))
  }

  return {
    getAccount: async ({ tenantId, kind, id }) => {
      const where = [{ column: 'id', value: id, compare: 'exact' }] as const
      const [row] = await find({ tenantId, kind, where, limit: 1 })
      return row === undefined ? undefined : asAccount(row)
    },

    findAccounts: async (question) => (await find(question)).map(asAccount),

    listAccounts: async (query) => await listAccounts(createAccountReads(connection), query),

    prepareLookups: async (columns) => {
      for (const column of columns) {
        if (column.column === 'id' || (await hasIndex(connection, column))) continue
        await write(() => connection.database.exec(createLookupSql(column)))
      }
    },

    hasLookup: async (column) => column.column === 'id' || (await hasIndex(connection, column)),

    spreadOf: async (column, within) =>
      asSpread(
        await read(() => prepare<[string], SpreadRow>(spreadSql(column, within)).get(column.kind)),
      ),

    disableAccount: async (key, { at, by, reason }) =>
      await write(() => {
        const { changes } = prepare(
          `INSERT INTO disabled_accounts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
        ).run(...keyValues(key), at, by, reason ?? null)
        if (changes > 0) bumpGeneration(connection, 'accounts')
        return changes > 0
      }),

    enableAccount: async (key) =>
      await write(() => {
        const { changes } = prepare(
          'DELETE FROM disabled_accounts WHERE kind = ? AND tenant_id = ? AND account_id = ?',
        ).run(...keyValues(key))
        if (changes > 0) bumpGeneration(connection, 'accounts')
        return changes > 0
      }),
  }
}
