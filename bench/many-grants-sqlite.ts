import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import type { Vault } from '../src/vault/index.ts'
import {
  grantAt,
  templateName,
  type GrantCount,
  type GrantTable,
  type ManyGrants,
} from './many-grants.ts'
import { madeRow } from './many-grants-row.ts'

/** Grants in a SQLite store that is there already. */
export function openSqliteGrants(path: string, vault: Vault, many: ManyGrants): GrantTable {
  const database = new Database(path, { timeout: 10_000 })
  database.pragma('foreign_keys = ON')
  const counting = `SELECT refresh_version AS refreshVersion, count(*) AS count,
      min(state = 'active' AND standing = 'current' AND keep_alive_at > $now
        AND refresh_count = refresh_version - 1 AND refresh_unknown_since IS NULL) AS settled
    FROM grants WHERE +connection = '${templateName}'`
  const count = (where: string, ids: readonly string[]): readonly GrantCount[] =>
    database
      .prepare<[object], { refreshVersion: number; count: number; settled: 0 | 1 }>(
        `${counting} ${where} GROUP BY refresh_version`,
      )
      .all({ now: Date.now(), ids: JSON.stringify(ids) })
      .map(({ settled, ...row }) => ({ ...row, areSettled: settled === 1 }))
  return {
    fill: async () => {
      const indexes = database
        .prepare<[], { name: string; sql: string }>(
          `SELECT name, sql FROM sqlite_schema
           WHERE type = 'index' AND tbl_name = 'grants' AND sql IS NOT NULL`,
        )
        .all()
      database.pragma('synchronous = OFF')
      database.pragma('cache_size = -262144')
      // Indexes are quicker to make over all rows than with each.
      for (const { name } of indexes) database.exec(`DROP INDEX ${name}`)
      const insert = database.prepare(
        `INSERT INTO grants (id, connection, tenant, subject, standing, state, state_changed_at,
           created_at, keep_alive_at, refresh_version, refresh_obtained_at, refresh_used_at,
           sealed_refresh_token)
         VALUES (?, ?, ?, ?, 'current', 'active', ?, ?, ?, 1, ?, ?, ?)`,
      )
      const page = 10_000
      for (let start = 0; start < many.grants; start += page) {
        database.transaction(() => {
          for (let at = start; at < Math.min(start + page, many.grants); at++) {
            const row = madeRow(grantAt(at), at, vault)
            const { madeAt } = row
            insert.run(
              row.id,
              row.connection,
              row.tenant,
              row.subject,
              madeAt,
              madeAt,
              row.keepAliveAt,
              madeAt,
              madeAt,
              row.sealed,
            )
          }
        })()
      }
      for (const { sql } of indexes) database.exec(sql)
      database.pragma('wal_checkpoint(TRUNCATE)')
      database.pragma('synchronous = FULL')
    },
    makeDue: async (ids) => {
      const set = database.prepare('UPDATE grants SET keep_alive_at = ? WHERE id = ?')
      const dueAt = Date.now() - 3_600_000
      database.transaction(() => {
        for (const [position, id] of ids.entries()) set.run(dueAt + position, id)
      })()
      database.pragma('wal_checkpoint(TRUNCATE)')
    },
    countAll: async () => count('', []),
    countOf: async (ids) => count('AND id IN (SELECT value FROM json_each($ids))', ids),
    size: async () => ({
      bytes: statSync(path).size,
      logBytes: statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    }),
    close: async () => {
      database.close()
    },
  }
}
