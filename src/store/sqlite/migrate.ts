import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs'
import type Database from 'better-sqlite3'
import { EvergrantError, type Clock } from '../../kernel/index.ts'
import type { Vault } from '../../vault/index.ts'
import type { Connection } from './connection.ts'
import { toStoreError } from './errors.ts'
import { bumpGeneration } from './generations.ts'
import { examine, identitySchema, schemaVersion } from './identity.ts'
import type { Migration } from './migrations.ts'
import { followSealingKey } from './sealing.ts'
import { mayPromote, settleSealingKey } from './settle-keys.ts'

/**
 * Brings the file to the newest schema in one transaction, after a copy of it was written beside it
 * (`FILE.schema-N-TIME.backup`), and agrees with it on the key that seals. A new file needs no
 * copy; a file that is up to date is not written. Two processes may migrate at once: one does, the
 * other finds it done.
 *
 * @returns The path of the backup, when one was made.
 * @throws `key_wrong`, `schema_too_new`, `store_full`, `store_busy`; nothing has changed then.
 */
export async function migrate(
  connection: Connection,
  migrations: readonly Migration[],
  vault: Vault,
  clock: Clock,
): Promise<string | undefined> {
  const { database, path } = connection
  const newest = migrations.at(-1)?.version ?? 0
  // Since the file was looked at before, another process may have made it, with another key.
  examine(database, vault, newest)
  const version = schemaVersion(database)
  const backup =
    version > 0 && version < newest ? await backUp(database, path, version, clock) : undefined
  if (
    version < newest ||
    (await connection.read(() => mayPromote(connection, vault, clock.now())))
  ) {
    await connection.write(() => {
      // Another process may have been first, with another key or a newer schema.
      examine(database, vault, newest)
      const current = schemaVersion(database)
      if (current === 0) database.exec(identitySchema)
      for (const step of migrations) if (step.version > current) apply(database, step)
      const isNewKey = settleSealingKey(connection, vault, clock.now())
      if (isNewKey) bumpGeneration(connection, 'keys')
    })
  }
  await connection.read(() => followSealingKey(connection, vault))
  return backup
}

function apply(database: Database.Database, step: Migration): void {
  database.exec(step.sql)
  database.pragma(`user_version = ${step.version}`)
  if (!step.isBreaking) return
  const setFact = database.prepare('INSERT OR REPLACE INTO store_facts VALUES (?, ?)')
  setFact.run('compatible_from', step.version)
  setFact.run('needs_evergrant', step.since)
}

/** Copies through SQLite, so that what stands in the log only is in the copy too. */
async function backUp(
  database: Database.Database,
  path: string,
  version: number,
  clock: Clock,
): Promise<string> {
  const time = new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-')
  const target = `${path}.schema-${version}-${time}.backup`
  if (existsSync(target)) {
    throw new EvergrantError('store_unwritable', `"${target}" is there already`)
  }
  const unfinished = `${target}.unfinished-${process.pid}`
  try {
    // Made first, so that the copy is for the owner's eyes from its first byte.
    closeSync(openSync(unfinished, 'wx', 0o600))
    await database.backup(unfinished)
    renameSync(unfinished, target)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw toStoreError(error, path)
  }
  return target
}
