import { prefixBounds, searchColumns, type AccountReads } from '../rows/account-listing.ts'
import {
  disabledStatement,
  indexedCharacters,
  scanSql,
  seekSql,
  spacesSql,
  walkSql,
} from './account-sql.ts'
import type { Connection } from './connection.ts'
import type { Lookups } from './lookups.ts'

/** Makes what listings of accounts and objects read. */
export function createAccountReads(
  { read }: Connection,
  lookups: Pick<Lookups, 'has'>,
): AccountReads {
  const all = async <R>(sql: string, values: readonly unknown[]): Promise<readonly R[]> =>
    await read(async (reader) => await reader.rows<R>(sql, values))
  return {
    spaces: async (kind, from, limit) => await all(spacesSql, [kind, from, limit]),
    walk: async ({ space_id: id }, after, limit) => await all(walkSql, [id, after, limit]),
    scan: async ({ space_id: id }, prefix, after, limit) =>
      await all(scanSql, [id, after, limit, ...prefixBounds(prefix)]),
    canSeek: async () => {
      for (const column of searchColumns) {
        if (!(await lookups.has({ column, compare: 'lower' }))) return false
      }
      return true
    },
    seek: async ({ space_id: id }, column, prefix, { row, value = '' }, limit) =>
      await all(seekSql(column), [id, ...prefixBounds(prefix), value, row, limit]),
    disabled: async (kind, tenantId, after, limit) => {
      const { sql, values } = disabledStatement(kind, tenantId, after, limit)
      return await all(sql, values)
    },
    cut: (value) =>
      value.length <= indexedCharacters
        ? value
        : Array.from(value).slice(0, indexedCharacters).join(''),
  }
}
