import type pg from 'pg'
import { systemClock, type Clock, type Secret } from '../../kernel/index.ts'
import type { Vault } from '../../vault/index.ts'
import { readAddress } from './address.ts'
import { openConnection, type Transaction } from './connection.ts'
import { fromDriver, isConflict, toStoreError } from './errors.ts'
import { assertPrimary, examine, identitySchema } from './identity.ts'
import { migrations as allMigrations, type Migration } from './migrations.ts'
import { promotePrimary } from './settle-keys.ts'

/** How a database is migrated. */
export interface MigratePostgresOptions {
  /** `postgres://user@host:port/database`, without a password. */
  readonly url: string
  readonly password?: () => Secret | Promise<Secret>
  readonly vault: Vault
  readonly clock?: Clock
  /** The steps of the schema; for tests. */
  readonly migrations?: readonly Migration[]
  /** How long to wait for another migration and for locks (ms). Default 60,000. */
  readonly deadlineMs?: number
}

/** What a migration did. */
export interface MigrationReport {
  /** The address without password. */
  readonly place: string
  /** Version of the schema before; 0 for a database that had none. */
  readonly from: number
  /** Version of the schema now; may be newer than what this Evergrant knows. */
  readonly to: number
  readonly steps: readonly Omit<Migration, 'sql'>[]
}

/** The advisory lock that only one migration of a database holds: "EvGr" as a number. */
const migrationLock = 0x45_76_47_72
/** A step waits so long for a table before it lets the waiting nodes go first and starts over (ms). */
const tableLockMs = 5_000
const retryMs = 250

/**
 * Brings the database to the newest schema: all missing steps in one transaction, under a lock, so
 * that of several migrations at once one does the work and the others find it done. Running nodes
 * keep their tables: a step that cannot get a table's lock within 5 s starts over. Changes nothing
 * when there is nothing to do. A new store is sealed with the first key of the ring from then on.
 *
 * @throws `store_unavailable`, `store_refused`, `store_foreign`, `store_busy`, `store_full`,
 *   `schema_too_new`, `key_wrong`; nothing has changed then.
 */
export async function migratePostgresStore(
  options: MigratePostgresOptions,
): Promise<MigrationReport> {
  const { url, password, vault, clock = systemClock, deadlineMs = 60_000 } = options
  const migrations = options.migrations ?? allMigrations
  const address = readAddress(url)
  const { place } = address
  const connection = openConnection({
    address,
    password,
    role: 'bulk',
    clock,
    busyDeadlineMs: deadlineMs,
  })
  const deadline = clock.monotonic() + deadlineMs
  const client = connection.makeClient()
  try {
    await fromDriver(client.connect())
    for (;;) {
      try {
        return await migrateOnce(client, place, vault, migrations, deadlineMs)
      } catch (error) {
        await client.query('ROLLBACK').catch(() => {})
        if (!isConflict(error) || clock.monotonic() >= deadline) throw error
      }
      await clock.sleep(retryMs)
    }
  } catch (error) {
    throw toStoreError(error, place)
  } finally {
    await client.end().catch(() => {})
    await connection.close()
  }
}

async function migrateOnce(
  client: pg.Client,
  place: string,
  vault: Vault,
  migrations: readonly Migration[],
  deadlineMs: number,
): Promise<MigrationReport> {
  const transaction = transactionOver(client, deadlineMs)
  const { run } = transaction
  const newest = migrations.at(-1)?.version ?? 0
  await run('BEGIN')
  await run(`SET LOCAL lock_timeout = ${deadlineMs}`)
  await run('SET LOCAL statement_timeout = 0')
  await assertPrimary(client, place)
  await run('SELECT pg_advisory_xact_lock($1)', [migrationLock])
  await run(`SET LOCAL lock_timeout = ${tableLockMs}`)
  const before = await examine(client, place, vault, newest)
  const missing = migrations.filter(({ version }) => version > before.version)
  if (before.version === 0) await run(identitySchema)
  for (const step of missing) {
    await run(step.sql)
    await run(setFactSql, ['schema_version', String(step.version)])
    if (!step.isBreaking) continue
    await run(setFactSql, ['compatible_from', String(step.version)])
    await run(setFactSql, ['needs_evergrant', step.since])
  }
  // A new store needs its key at once; later on nodes agree on it as they start.
  if (before.version === 0) await promotePrimary(transaction, vault, 0)
  await run('COMMIT')
  return {
    place,
    from: before.version,
    to: missing.at(-1)?.version ?? before.version,
    steps: missing.map(({ version, since, isBreaking }) => ({ version, since, isBreaking })),
  }
}

/** Statements in the migration's own transaction; they may take longer than others. */
function transactionOver(client: pg.Client, deadlineMs: number): Transaction {
  // Known to the driver, though not to its types.
  const deadline = { query_timeout: deadlineMs + 10_000 }
  const query = async (text: string, values: readonly unknown[]): Promise<pg.QueryResult> =>
    await fromDriver(
      // Without values the text may hold several statements.
      client.query(
        values.length === 0 ? { text, ...deadline } : { text, values: [...values], ...deadline },
      ),
    )
  return {
    rows: async <R>(text: string, values: readonly unknown[] = []) =>
      (await query(text, values)).rows as readonly R[],
    row: async <R>(text: string, values: readonly unknown[] = []) =>
      (await query(text, values)).rows[0] as R | undefined,
    run: async (text, values = []) => (await query(text, values)).rowCount ?? 0,
    bump: () => {},
  }
}

const setFactSql = `INSERT INTO evergrant.store_facts VALUES ($1, $2)
  ON CONFLICT (name) DO UPDATE SET value = excluded.value`
