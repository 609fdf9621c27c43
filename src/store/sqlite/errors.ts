import Database from 'better-sqlite3'
import { EvergrantError, type ErrorCode } from '../../kernel/index.ts'

/** SQLite's primary result codes, as the registry's. Extended codes begin with a primary one. */
const codeOf: readonly (readonly [prefix: string, code: ErrorCode, detail: string])[] = [
  ['SQLITE_BUSY', 'store_busy', 'is locked by another process'],
  ['SQLITE_LOCKED', 'store_busy', 'is locked by another process'],
  ['SQLITE_FULL', 'store_full', 'cannot grow: the disk or its quota is full'],
  ['SQLITE_CORRUPT', 'store_corrupt', 'is damaged'],
  ['SQLITE_NOTADB', 'store_corrupt', 'is not a SQLite database'],
  ['SQLITE_CANTOPEN', 'store_unwritable', 'cannot be opened or created'],
  ['SQLITE_READONLY', 'store_unwritable', 'may not be written'],
  ['SQLITE_PERM', 'store_unwritable', 'may not be accessed'],
  ['SQLITE_AUTH', 'store_unwritable', 'may not be accessed'],
  ['SQLITE_IOERR', 'store_unavailable', 'could not be read or written'],
  ['SQLITE_PROTOCOL', 'store_unavailable', 'could not be locked'],
]

/** Tells whether SQLite refused because someone else holds a lock. */
export function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code)
}

/**
 * Turns what better-sqlite3 throws into an `EvergrantError` naming the file: `store_busy`,
 * `store_full`, `store_corrupt`, `store_unwritable` or `store_unavailable`; `internal` for a
 * statement of ours that broke a constraint. Other errors come back as they are. SQLite's messages
 * name tables and columns, never values, so they may be told.
 */
export function toStoreError(error: unknown, path: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  const known = codeOf.find(([prefix]) => error.code.startsWith(prefix))
  if (known === undefined) {
    return new EvergrantError('internal', `SQLite refused a statement (${error.code})`, {
      cause: error,
    })
  }
  const [, code, detail] = known
  return new EvergrantError(code, `"${path}" ${detail} (${error.code})`, { cause: error })
}
