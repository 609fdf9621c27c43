import pg from 'pg'
import { EvergrantError, type Secret } from '../kernel/index.ts'
import type { Cell } from './row-values.ts'
import { quoted } from './sql-names.ts'
import { readTargetAddress } from './target-address.ts'
import type { TargetDatabase, TargetTables } from './target-database.ts'

const connectDeadlineMs = 10_000
/** Waiting for what another session has locked (ms). */
const lockDeadlineMs = 60_000
/** One statement; putting a large snapshot in place is a single one (ms). */
const statementDeadlineMs = 1_800_000
/**
 * How long the server lets a transaction stand still, whose process may have been stopped (ms):
 * shorter than others wait for what it has locked.
 */
const idleInTransactionMs = 30_000
/** How soon the server notices in the middle of a statement that its client is gone (ms). */
const clientCheckMs = 5_000

/**
 * Connects to a PostgreSQL database as the target of an import.
 *
 * @throws EvergrantError `destination_unreachable`, `destination_unwritable` when the server does
 *   not let this user in
 */
export async function openPostgresTarget(
  url: string,
  password: Secret | undefined,
): Promise<TargetDatabase> {
  const { place, ...address } = readTargetAddress(url)
  const client = new pg.Client({
    ...address,
    // Always a function: without one the driver would look into the home folder.
    password: () => password?.reveal() ?? '',
    application_name: 'evergrant import',
    connectionTimeoutMillis: connectDeadlineMs,
    keepAlive: true,
  })
  // A connection that breaks between two statements is met by the next one.
  client.on('error', () => {})
  const asked = async <T>(question: () => Promise<T>): Promise<T> => {
    try {
      return await question()
    } catch (error) {
      throw postgresError(error, place)
    }
  }
  await asked(async () => {
    await client.connect()
    await client.query(
      `SET lock_timeout = ${lockDeadlineMs}; SET statement_timeout = ${statementDeadlineMs};
       SET idle_in_transaction_session_timeout = ${idleInTransactionMs};
       SET synchronous_commit = on; SET client_min_messages = warning`,
    )
  })
  // Not every server can; without it a killed import's statement goes on until it is done.
  await client.query(`SET client_connection_check_interval = ${clientCheckMs}`).catch(() => {})
  const query = async (
    text: string,
    values: readonly unknown[] = [],
  ): Promise<pg.QueryResult<Record<string, unknown>>> =>
    await asked(() => client.query<Record<string, unknown>>(text, [...values]))
  const tables: TargetTables = {
    run: async (sql, parameters) => (await query(sql, parameters)).rowCount ?? 0,
    row: async <R>(sql: string, parameters?: readonly unknown[]) =>
      (await query(sql, parameters)).rows[0] as R | undefined,
    rows: async <R>(sql: string, parameters?: readonly unknown[]) =>
      (await query(sql, parameters)).rows as R[],
    insert: async (table, columns, rows) => {
      if (rows.length === 0) return
      const arrays = columns.map((_column, i) => `$${i + 1}::text[]`).join(', ')
      const values = columns.map((_column, i) => rows.map((row) => textOf(row[i] ?? null)))
      await query(
        `INSERT INTO ${quoted(table)} (${columns.map(quoted).join(', ')})
         SELECT * FROM unnest(${arrays})`,
        values,
      )
    },
    describe: async (name) => {
      const found = await query(
        `SELECT c.relkind IN ('r', 'p') AS is_table, array(
           SELECT a.attname::text FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns, array(
           SELECT a.attname::text FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull
             AND NOT a.atthasdef AND a.attidentity = '') AS required,
           (SELECT min(f.conrelid::regclass::text) FROM pg_constraint f
            WHERE f.contype = 'f' AND f.confrelid = c.oid) AS referencing
         FROM pg_class c WHERE c.oid = to_regclass($1)`,
        [quoted(name)],
      )
      const row = found.rows[0] as
        | { is_table: boolean; columns: string[]; required: string[]; referencing: string | null }
        | undefined
      if (row === undefined) return undefined
      const { is_table: isTable, columns, required, referencing } = row
      return {
        isTable,
        columns,
        required,
        ...(referencing === null ? {} : { referencedBy: referencing }),
      }
    },
  }
  return {
    place,
    foldsCase: false,
    blocksThread: false,
    rowNumberType: 'bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
    transaction: async (lock, work) => {
      await query('BEGIN')
      try {
        await query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`evergrant ${lock}`])
        const result = await work(tables)
        await query('COMMIT')
        return result
      } catch (error) {
        await client.query('ROLLBACK').catch(() => {})
        throw error
      }
    },
    close: async () => {
      await client.end().catch(() => {})
    },
  }
}

/** PostgreSQL's text holds no NUL. */
function textOf(cell: Cell): Cell {
  return cell?.includes('\0') === true ? cell.replaceAll('\0', '\uFFFD') : cell
}

/** What a server or the way to it says, without the driver's own object, which knows too much. */
function postgresError(error: unknown, place: string): unknown {
  if (!(error instanceof Error)) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const says = `${place}: ${error.message === '' ? code : error.message}`
  if (code.startsWith('53') && code !== '53300') return new EvergrantError('destination_full', says)
  // Connection lost, shutting down, too many connections, locked, deadline, conflict.
  const isPassing = /^(08|57|55P03|53300|40|25P0[23])/.test(code)
  // Errors of the network have names (EPIPE among them), those of the server SQLSTATEs.
  if (isPassing || !/^[\dFHPX][\dA-Z]{4}$/.test(code)) {
    return new EvergrantError('destination_unreachable', says)
  }
  const isAboutLogin = code.startsWith('28')
  return new EvergrantError('destination_unwritable', says, {
    remedy: isAboutLogin
      ? 'Give the right password as PGPASSWORD or as `imports.NAME.password`, and see that this user may connect.'
      : 'See that this user may create and write tables in that database.',
  })
}
