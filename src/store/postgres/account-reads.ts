import {
  prefixBounds,
  scannedAtOnce,
  searchColumns,
  type AccountReads,
  type AccountSpace,
  type PlacedRow,
} from '../rows/account-listing.ts'
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

/** Rows that one page of a listing looks at where nearly all were deleted. */
const walkedAtOnce = 20_000
const longestStretch = 5_000

/** Rows are numbered from 0 on; one that is written meanwhile belongs to the next listing. */
function isEnd(space: AccountSpace, row: number): boolean {
  return row >= (space as AccountSpace & { readonly next_row: number }).next_row - 1
}

/** Makes what listings of accounts and objects read. */
export function createAccountReads(
  { read }: Connection,
  lookups: Pick<Lookups, 'has'>,
): AccountReads {
  const all = async <R>(sql: string, values: readonly unknown[]): Promise<readonly R[]> =>
    await read(async (reader) => await reader.rows<R>(sql, values))
  return {
    spaces: async (kind, from, limit) => await all(spacesSql, [kind, from, limit]),
    walk: async (space, after, limit) => {
      const found: PlacedRow[] = []
      let from = after
      // Where many rows were deleted, a page is found by several stretches, or ends short.
      for (let length = limit, looked = 0; looked < walkedAtOnce; looked += length) {
        length = Math.min(looked === 0 ? limit : looked, longestStretch)
        const wanted = limit - found.length
        const rows = await all<PlacedRow>(walkSql, [space.space_id, from, from + length, wanted])
        found.push(...rows)
        const last = rows.at(-1)
        if (last !== undefined && rows.length === wanted) return { rows: found, upTo: last.row_id }
        from += length
        if (isEnd(space, from)) return { rows: found }
      }
      return { rows: found, upTo: from }
    },
    scan: async (space, prefix, after) => {
      const upTo = after + scannedAtOnce
      const values = [space.space_id, after, upTo, ...prefixBounds(prefix)]
      const rows = await all<PlacedRow>(scanSql, values)
      return isEnd(space, upTo) ? { rows } : { rows, upTo }
    },
    canSeek: async () => {
      for (const column of searchColumns) {
        if (!(await lookups.has({ column, compare: 'lower' }))) return false
      }
      return true
    },
    seek: async ({ space_id: id }, column, { value, row }, before, limit) =>
      await all(seekSql(column), [id, value, row, before, limit]),
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
