import { closeSync, openSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { EvergrantError, type Clock } from '../../kernel/index.ts'
import type { StoreRole } from '../store.ts'
import { isBusy, toStoreError } from './errors.ts'
import { createWriteQueue, type WriteQueueOptions } from './write-queue.ts'

/** A prepared statement whose parameters and rows are typed by whoever wrote its SQL. */
export type Statement<P extends unknown[], R> = Database.Statement<P, R>

/** How a connection is opened. */
export interface ConnectionOptions {
  readonly path: string
  readonly role: StoreRole
  readonly clock: Clock
  /** How long to go on asking for a lock before `store_busy` (ms). */
  readonly busyDeadlineMs: number
  /** Most pages the file may have; a disk that fills up, for tests. */
  readonly pageLimit?: number
}

/** One SQLite connection, with the house rules of locking (README). */
export interface Connection {
  readonly path: string
  /** For so long it leaves the lock alone after a commit, so that short writers get their turn. */
  readonly gapMs: number
  /** Prepares a statement once; the same text gives the same statement. */
  readonly prepare: <P extends unknown[] = unknown[], R = unknown>(sql: string) => Statement<P, R>
  /** Runs `work` on one consistent view of the data. */
  readonly read: <T>(work: () => T) => Promise<T>
  /**
   * Runs `work` as one atomic step that holds the write lock from its first statement, and resolves
   * when it is on disk. When `work` or the commit throws nothing has happened. `work` runs at most
   * once, without interruption. Steps that wait at the same time share a commit
   * (`write-queue.ts`).
   */
  readonly write: <T>(work: () => T) => Promise<T>
  /** Reads `PRAGMA data_version`: another number means that another connection has committed. */
  readonly dataVersion: () => number
  readonly checkpoint: () => Promise<void>
  /** Runs statements outside any transaction, for migrations. */
  readonly database: Database.Database
  readonly close: () => void
}

/** Gap a bulk writer leaves after a commit, so that short writers get their turn (ADR 0006). */
const bulkGapMs = 5
/** How long a worker thread may stand still for a lock before it retries asynchronously. */
const bulkBusyTimeoutMs = 250
/** Pages in the log at which a bulk connection moves them into the file: 32 MiB. */
const bulkCheckpointPages = 8_000
/** A log beyond this size is emptied by force, waiting for readers: 128 MiB. */
const logLimitBytes = 134_217_728
/** A forced checkpoint that readers prevented is not tried again before (ms). */
const forcedCheckpointEveryMs = 5_000
const firstRetryMs = 1
const longestRetryMs = 25

/**
 * Opens the file, making it when there is none, and sets the connection up by its role: WAL, every
 * commit synced, foreign keys enforced.
 *
 * @throws `store_unwritable`, `store_corrupt`, `store_busy`, `store_full`, `store_unavailable`.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { path, role, clock, busyDeadlineMs } = options
  const isBulk = role === 'bulk'

  const retryWhileBusy = async <T>(attempt: () => T): Promise<T> => {
    const deadline = clock.monotonic() + busyDeadlineMs
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(waitMs * 2, longestRetryMs)) {
      try {
        return attempt()
      } catch (error) {
        if (!isBusy(error) || clock.monotonic() >= deadline) throw toStoreError(error, path)
      }
      await clock.sleep(waitMs)
    }
  }

  const database = openDatabase(path, isBulk ? bulkBusyTimeoutMs : 0)
  try {
    // Changing the journal mode needs the file for itself, so a process that starts at the same
    // moment may be in the way. A file that is WAL already needs no lock.
    await retryWhileBusy(() => database.pragma('journal_mode = WAL'))
    database.pragma('synchronous = FULL')
    database.pragma('foreign_keys = ON')
    database.pragma(`wal_autocheckpoint = ${isBulk ? bulkCheckpointPages : 0}`)
    database.pragma(`journal_size_limit = ${logLimitBytes / 2}`)
    database.pragma(`cache_size = ${isBulk ? -16_384 : -8_192}`)
    if (options.pageLimit !== undefined) database.pragma(`max_page_count = ${options.pageLimit}`)
  } catch (error) {
    database.close()
    throw toStoreError(error, path)
  }

  const statements = new Map<string, Database.Statement>()
  const prepare = <P extends unknown[], R>(sql: string): Statement<P, R> => {
    assertOpen(database)
    let statement = statements.get(sql)
    if (statement === undefined) {
      statement = database.prepare(sql)
      statements.set(sql, statement)
    }
    return statement as unknown as Statement<P, R>
  }

  let lastForcedAt = Number.NEGATIVE_INFINITY

  const emptyOversizedLog = (): void => {
    const now = clock.monotonic()
    if (now - lastForcedAt < forcedCheckpointEveryMs) return
    if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) <= logLimitBytes) return
    lastForcedAt = now
    try {
      database.pragma('wal_checkpoint(TRUNCATE)')
    } catch {
      // The commit before it stands, so no fault here may look like its failure. What is wrong with
      // the file will be met again by the next transaction, which can say so.
    }
  }

  const queue = createWriteQueue({
    database,
    run: (sql) => {
      prepare(sql).run()
    },
    path,
    clock,
    busyDeadlineMs,
    ...(isBulk ? createBulkPace(clock, emptyOversizedLog) : createTurns()),
  })

  return {
    path,
    gapMs: isBulk ? bulkGapMs : 0,
    database,
    prepare,
    read: async (work) => {
      assertOpen(database)
      return await retryWhileBusy(() => inReadTransaction(database, prepare, work))
    },
    write: async (work) => {
      assertOpen(database)
      return await queue.write(work)
    },
    dataVersion: () => {
      assertOpen(database)
      return database.pragma('data_version', { simple: true }) as number
    },
    checkpoint: async () => {
      assertOpen(database)
      await retryWhileBusy(() => database.pragma('wal_checkpoint(TRUNCATE)'))
    },
    close: () => {
      queue.end()
      statements.clear()
      database.close()
    },
  }
}

/** Opens a file for reading what it is, leaving it as it is. */
export function openReadOnly(path: string): Database.Database {
  try {
    return new Database(path, { readonly: true, fileMustExist: true, timeout: bulkBusyTimeoutMs })
  } catch (error) {
    throw toStoreError(error, path)
  }
}

function openDatabase(path: string, busyTimeoutMs: number): Database.Database {
  try {
    // A new file is for its owner's eyes: the directory in it is not sealed. SQLite gives the log
    // and its index the same mode.
    closeSync(openSync(path, 'a', 0o600))
  } catch (error) {
    throw new EvergrantError('store_unwritable', `"${path}" cannot be created or written`, {
      cause: error,
    })
  }
  try {
    return new Database(path, { timeout: busyTimeoutMs })
  } catch (error) {
    throw toStoreError(error, path)
  }
}

function assertOpen(database: Database.Database): void {
  if (!database.open) throw new EvergrantError('store_unavailable', 'the store was closed')
}

function inReadTransaction<T>(
  database: Database.Database,
  prepare: Connection['prepare'],
  work: () => T,
): T {
  assertOpen(database)
  prepare('BEGIN').run()
  try {
    const result = work()
    prepare('COMMIT').run()
    return result
  } catch (error) {
    if (database.inTransaction) prepare('ROLLBACK').run()
    throw error
  }
}

type Pace = Pick<WriteQueueOptions, 'gather' | 'onCommit'>

/** A bulk writer leaves the lock alone for a moment after each commit. */
function createBulkPace(clock: Clock, onCommit: () => void): Pace {
  let lastCommitAt = Number.NEGATIVE_INFINITY
  return {
    gather: async () => {
      const gapMs = bulkGapMs - (clock.monotonic() - lastCommitAt)
      if (gapMs > 0) await clock.sleep(gapMs)
    },
    onCommit: () => {
      lastCommitAt = clock.monotonic()
      onCommit()
    },
  }
}

/**
 * Short writes are committed at once, but only once a turn of the event loop: the answers that a
 * busy turn brings share the commit at its end, so that disk syncs do not pile up on the thread.
 */
function createTurns(): Pace {
  let isTurnUsed = false
  return {
    gather: async () => {
      if (isTurnUsed) await new Promise((resolve) => setImmediate(resolve))
    },
    onCommit: () => {
      isTurnUsed = true
      setImmediate(() => {
        isTurnUsed = false
      })
    },
  }
}
