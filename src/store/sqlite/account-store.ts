import type { AccountQuestion, AccountStore, LookupColumn } from '../../directory/index.ts'
import {
  listAccounts,
  prefixBounds,
  searchColumns,
  type AccountReads,
} from '../rows/account-listing.ts'
import {
  asAccount,
  asSpread,
  comparable,
  foldId,
  keyValues,
  lookupName,
  type AccountRow,
  type SpreadRow,
} from '../rows/account-row.ts'
import {
  createLookupSql,
  disabledSql,
  findSql,
  scanSql,
  seekSql,
  spacesSql,
  spreadSql,
  walkSql,
} from './account-sql.ts'
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

  const hasIndex = async (column: Omit<LookupColumn, 'kind'>): Promise<boolean> =>
    await read(
      () =>
        prepare<[string]>(`SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?`).get(
          lookupName(column),
        ) !== undefined,
    )

  return {
    getAccount: async ({ tenantId, kind, id }) => {
      const where = [{ column: 'id', value: id, compare: 'exact' }] as const
      const [row] = await find({ tenantId, kind, where, limit: 1 })
      return row === undefined ? undefined : asAccount(row)
    },

    findAccounts: async (question) => (await find(question)).map(asAccount),

    listAccounts: async (query) => await listAccounts(createReads(connection, hasIndex), query),

    prepareLookups: async (columns) => {
      for (const column of columns) {
        if (column.column === 'id' || (await hasIndex(column))) continue
        await write(() => connection.database.exec(createLookupSql(column)))
      }
    },

    hasLookup: async (column) => column.column === 'id' || (await hasIndex(column)),

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

function createReads(
  { prepare, read }: Connection,
  hasIndex: (column: Omit<LookupColumn, 'kind'>) => Promise<boolean>,
): AccountReads {
  const all = async <R>(sql: string, values: Record<string, unknown>): Promise<readonly R[]> =>
    await read(() => prepare<unknown[], R>(sql).all(values))
  return {
    spaces: async (kind, from, limit) => await all(spacesSql, { kind, from, limit }),
    walk: async ({ space_id: spaceId }, after, limit) =>
      await all(walkSql, { spaceId, after, limit }),
    scan: async ({ space_id: spaceId }, prefix, after, limit) => {
      const [from, to] = prefixBounds(prefix)
      return await all(scanSql, { spaceId, from, to, after, limit })
    },
    canSeek: async () => {
      for (const column of searchColumns) {
        if (!(await hasIndex({ column, compare: 'lower' }))) return false
      }
      return true
    },
    seek: async ({ space_id: spaceId }, column, prefix, { row, value = '' }, limit) => {
      const [from, to] = prefixBounds(prefix)
      return await all(seekSql(column), { spaceId, from, to, value, row, limit })
    },
    disabled: async (kind, tenantId, after, limit) =>
      await all(disabledSql(tenantId !== undefined), {
        kind,
        afterTenant: after.tenantId,
        afterId: after.id,
        limit,
        ...(tenantId === undefined ? {} : { tenantId }),
      }),
    cut: (value) => value,
  }
}
