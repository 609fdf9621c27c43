import type { LookupColumn } from '../../directory/index.ts'
import {
  prefixBounds,
  scannedAtOnce,
  searchColumns,
  type AccountReads,
  type Looked,
  type PlacedRow,
} from '../rows/account-listing.ts'
import { lookupName } from '../rows/account-row.ts'
import { disabledSql, scanSql, seekSql, spacesSql, walkSql } from './account-sql.ts'
import type { Connection } from './connection.ts'

/** Whether there is the index of a look-up. */
export async function hasIndex(
  { prepare, read }: Connection,
  column: Omit<LookupColumn, 'kind'>,
): Promise<boolean> {
  return await read(
    () =>
      prepare<[string]>(`SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?`).get(
        lookupName(column),
      ) !== undefined,
  )
}

/** Makes what listings of accounts and objects read. */
export function createAccountReads(connection: Connection): AccountReads {
  const { prepare, read } = connection
  const all = async <R>(sql: string, values: Record<string, unknown>): Promise<readonly R[]> =>
    await read(() => prepare<unknown[], R>(sql).all(values))
  return {
    spaces: async (kind, from, limit) => await all(spacesSql, { kind, from, limit }),
    walk: async ({ space_id: spaceId }, after, limit) =>
      lookedAt(await all(walkSql, { spaceId, after, limit }), limit),
    scan: async ({ space_id: spaceId }, prefix, after) => {
      const [from, to] = prefixBounds(prefix)
      const limit = scannedAtOnce
      return lookedAt(await all(scanSql, { spaceId, from, to, after, limit }), limit)
    },
    canSeek: async () => {
      for (const column of searchColumns) {
        if (!(await hasIndex(connection, { column, compare: 'lower' }))) return false
      }
      return true
    },
    seek: async ({ space_id: spaceId }, column, { row, value }, before, limit) =>
      await all(seekSql(column), { spaceId, row, value, before, limit }),
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

/** The index of living rows gives as many as are wanted, or all that are left. */
function lookedAt(rows: readonly PlacedRow[], limit: number): Looked {
  const last = rows.at(-1)
  return last === undefined || rows.length < limit ? { rows } : { rows, upTo: last.row_id }
}
