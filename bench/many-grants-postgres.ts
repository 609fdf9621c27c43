import pg from 'pg'
import type { Vault } from '../src/vault/index.ts'
import {
  grantAt,
  templateName,
  type GrantCount,
  type GrantTable,
  type ManyGrants,
} from './many-grants.ts'
import { madeRow } from './many-grants-row.ts'
import type { PostgresDatabase } from './workspace.ts'

/** Grants in a PostgreSQL store that is there already. */
export async function openPostgresGrants(
  { url, password }: PostgresDatabase,
  vault: Vault,
  many: ManyGrants,
): Promise<GrantTable> {
  const { hostname, pathname, port, username } = new URL(url)
  const client = new pg.Client({
    host: hostname,
    port: Number(port),
    user: username,
    database: pathname.slice(1),
    password,
  })
  await client.connect()
  const count = async (where: string, ids: readonly string[]): Promise<readonly GrantCount[]> => {
    const { rows } = await client.query<{ version: number; count: string; settled: boolean }>(
      `SELECT refresh_version AS version, count(*) AS count,
         bool_and(state = 'active' AND standing = 'current' AND keep_alive_at > $1
           AND refresh_count = refresh_version - 1 AND refresh_unknown_since IS NULL) AS settled
       FROM evergrant.grants WHERE connection = '${templateName}' ${where} GROUP BY refresh_version`,
      [Date.now(), ...(ids.length === 0 ? [] : [ids])],
    )
    return rows.map((row) => ({
      refreshVersion: row.version,
      count: Number(row.count),
      areSettled: row.settled,
    }))
  }
  return {
    fill: async () => {
      const { rows: indexes } = await client.query<{ name: string; sql: string }>(
        `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS sql
         FROM pg_index WHERE indrelid = 'evergrant.grants'::regclass AND NOT indisprimary`,
      )
      await client.query(`SET maintenance_work_mem = '512MB'`)
      // Indexes are quicker to make over all rows than with each.
      for (const { name } of indexes) await client.query(`DROP INDEX ${name}`)
      const page = 2_000
      let written: Promise<unknown> = Promise.resolve()
      for (let start = 0; start < many.grants; start += page) {
        const length = Math.min(page, many.grants - start)
        const rows = Array.from({ length }, (_, at) =>
          madeRow(grantAt(start + at), start + at, vault),
        )
        // The next page is made while the last one is written.
        await written
        written = client.query({ name: 'fill', text: insertSql, values: columnsOf(rows) })
      }
      await written
      for (const { sql } of indexes) await client.query(sql)
      await client.query('ANALYZE evergrant.grants')
      await client.query('CHECKPOINT')
    },
    makeDue: async (ids) => {
      await client.query('UPDATE evergrant.grants SET keep_alive_at = $1 WHERE id = ANY($2)', [
        Date.now() - 3_600_000,
        ids,
      ])
    },
    countAll: async () => await count('', []),
    countOf: async (ids) => await count('AND id = ANY($2)', ids),
    size: async () => {
      const { rows } = await client.query<{ bytes: string }>(
        'SELECT pg_database_size(current_database()) AS bytes',
      )
      return { bytes: Number(rows[0]?.bytes ?? 0), logBytes: 0 }
    },
    close: async () => {
      await client.end()
    },
  }
}

const insertSql = `
  INSERT INTO evergrant.grants (id, connection, tenant, subject, standing, state, state_changed_at,
    created_at, keep_alive_at, refresh_version, refresh_obtained_at, refresh_used_at,
    sealed_refresh_token)
  SELECT id, connection, tenant, subject, 'current', 'active', made_at, made_at, keep_alive_at, 1,
    made_at, made_at, sealed
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
    $7::bytea[]) AS made (id, connection, tenant, subject, made_at, keep_alive_at, sealed)`

function columnsOf(rows: readonly ReturnType<typeof madeRow>[]): unknown[] {
  return [
    rows.map(({ id }) => id),
    rows.map(({ connection }) => connection),
    rows.map(({ tenant }) => tenant),
    rows.map(({ subject }) => subject),
    rows.map(({ madeAt }) => madeAt),
    rows.map(({ keepAliveAt }) => keepAliveAt),
    rows.map(({ sealed }) => Buffer.from(sealed)),
  ]
}
