import { closeSync, openSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { EvergrantError } from '../kernel/index.ts'
import { fileError } from './file-port.ts'
import type { Cell } from './row-values.ts'
import { quoted } from './sql-names.ts'
import type { TargetDatabase, TargetTables } from './target-database.ts'

/** How long to wait for a lock that another program holds (ms). */
const busyTimeoutMs = 10_000
/** Parameters of one INSERT; SQLite takes 32,766. */
const parametersPerInsert = 2_000

/**
 * Opens an SQLite file as the target of an import, making it when there is none, for its owner's
 * eyes. Write-ahead log, so that readers see the last snapshot while the next one is written; every
 * commit synced.
 *
 * @throws EvergrantError `destination_unwritable`, `destination_full`, `destination_unreachable`
 */
export function openSqliteTarget(file: string): TargetDatabase {
  const place = `sqlite:${file}`
  const database = attempt(file, () => {
    closeSync(openSync(file, 'a', 0o600))
    const opened = new Database(file, { timeout: busyTimeoutMs })
    try {
      opened.pragma('journal_mode = WAL')
      opened.pragma('synchronous = FULL')
    } catch (error) {
      opened.close()
      throw error
    }
    return opened
  })
  const statements = new Map<string, Database.Statement>()
  const prepare = (sql: string): Database.Statement => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = database.prepare(sql.replaceAll(/\$\d+/g, '?'))
    statements.set(sql, statement)
    return statement
  }
  const tables: TargetTables = {
    run: async (sql, parameters = []) => {
      // A long statement holds the thread up; between two of them the run's heart beats.
      await setImmediate()
      return prepare(sql).run(...parameters).changes
    },
    row: <R>(sql: string, parameters: readonly unknown[] = []) =>
      later(() => prepare(sql).get(...parameters) as R | undefined),
    rows: <R>(sql: string, parameters: readonly unknown[] = []) =>
      later(() => prepare(sql).all(...parameters) as R[]),
    insert: (table, columns, rows) => later(() => insert(prepare, table, columns, rows)),
    describe: (name) =>
      later(() => {
        const kind = database
          .prepare('SELECT type FROM sqlite_schema WHERE name = ? COLLATE NOCASE')
          .pluck()
          .get(name)
        if (kind === undefined) return undefined
        const columns = database
          .prepare<[string], { name: string; isRequired: 0 | 1 }>(
            'SELECT name, "notnull" AND dflt_value IS NULL AS isRequired FROM pragma_table_info(?)',
          )
          .all(name)
        const referencing = database
          .prepare<[string], string>(
            `SELECT made.name FROM sqlite_schema AS made, pragma_foreign_key_list(made.name) AS key
             WHERE made.type = 'table' AND key."table" = ? COLLATE NOCASE LIMIT 1`,
          )
          .pluck()
          .get(name)
        return {
          isTable: kind === 'table',
          columns: columns.map((column) => column.name),
          required: columns.filter(({ isRequired }) => isRequired === 1).map((one) => one.name),
          ...(referencing === undefined ? {} : { referencedBy: referencing }),
        }
      }),
  }
  return {
    place,
    foldsCase: true,
    blocksThread: true,
    rowNumberType: 'INTEGER PRIMARY KEY',
    transaction: async (_lock, work) => {
      try {
        database.exec('BEGIN IMMEDIATE')
        const result = await work(tables)
        database.exec('COMMIT')
        return result
      } catch (error) {
        if (database.open && database.inTransaction) database.exec('ROLLBACK')
        // A rolled-back change of the schema leaves statements behind that no longer fit.
        statements.clear()
        throw sqliteError(error, file)
      }
    },
    close: async () => {
      statements.clear()
      database.close()
    },
  }
}

function insert(
  prepare: (sql: string) => Database.Statement,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
): void {
  const perInsert = Math.max(Math.floor(parametersPerInsert / columns.length), 1)
  const one = `(${columns.map(() => '?').join(', ')})`
  const head = `INSERT INTO ${quoted(table)} (${columns.map(quoted).join(', ')}) VALUES `
  const many = prepare(head + Array.from({ length: perInsert }, () => one).join(', '))
  let at = 0
  for (; at + perInsert <= rows.length; at += perInsert) {
    many.run(rows.slice(at, at + perInsert).flat())
  }
  const single = prepare(head + one)
  for (; at < rows.length; at++) single.run(...(rows[at] ?? []))
}

function attempt<T>(file: string, step: () => T): T {
  try {
    return step()
  } catch (error) {
    throw sqliteError(error, file)
  }
}

async function later<T>(step: () => T): Promise<T> {
  return step()
}

function sqliteError(error: unknown, file: string): unknown {
  if (!(error instanceof Database.SqliteError)) return fileError(error, file)
  const options = { cause: error }
  const says = `${file}: ${error.message} (${error.code})`
  if (error.code === 'SQLITE_FULL') return new EvergrantError('destination_full', says, options)
  if (error.code.startsWith('SQLITE_BUSY')) {
    return new EvergrantError('destination_unreachable', says, options)
  }
  return new EvergrantError('destination_unwritable', says, {
    ...options,
    remedy: 'See that the file is an SQLite database this user may write, or name another one.',
  })
}
