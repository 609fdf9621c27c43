import { existsSync, statSync } from 'node:fs'
import type Database from 'better-sqlite3'
import { EvergrantError } from '../../kernel/index.ts'
import type { Vault } from '../../vault/index.ts'
import { openReadOnly } from './connection.ts'
import { toStoreError } from './errors.ts'

/** Marks a file as ours in its header: "EvGr". */
export const applicationId = 0x45_76_47_72

/**
 * What every version of the schema has, so that every version of Evergrant can read it before it
 * trusts the rest.
 */
export const identitySchema = `
PRAGMA application_id = ${applicationId};
CREATE TABLE IF NOT EXISTS store_facts (
  name TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seal_checks (
  key_id TEXT PRIMARY KEY,
  sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
`

/**
 * Tells whether this Evergrant may open the file, without changing a byte of it: a file that is
 * absent or empty may become a store; one that is there must be ours, of a schema we understand and
 * sealed by a key we hold.
 *
 * @param knownVersion The newest schema version this Evergrant knows.
 * @throws `store_corrupt`, `store_foreign`, `schema_too_new`, `key_wrong`, `store_unwritable`.
 */
export function examineFile(path: string, vault: Vault, knownVersion: number): void {
  if (!existsSync(path)) return
  const stats = statSync(path)
  if (stats.isDirectory()) {
    throw new EvergrantError('store_unwritable', `expected a file at "${path}", but saw a folder`)
  }
  if (stats.size === 0) return
  const database = openReadOnly(path)
  try {
    examine(database, vault, knownVersion)
  } catch (error) {
    throw toStoreError(error, path)
  } finally {
    database.close()
  }
}

/** The same examination on a connection that is open already. */
export function examine(database: Database.Database, vault: Vault, knownVersion: number): void {
  const path = database.name
  const tables = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()
  const isOurs = database.pragma('application_id', { simple: true }) === applicationId
  if (!isOurs && tables === 0) return
  if (!isOurs) {
    throw new EvergrantError('store_foreign', `"${path}" is a SQLite database, but not Evergrant's`)
  }
  const fact = database.prepare('SELECT value FROM store_facts WHERE name = ?').pluck()
  const version = schemaVersion(database)
  const needs = fact.get('needs_evergrant')
  const neededRelease = typeof needs === 'string' ? needs : 'of a newer release'
  const compatibleFrom = Number(fact.get('compatible_from') ?? 0)
  if (compatibleFrom > knownVersion) {
    throw new EvergrantError(
      'schema_too_new',
      `"${path}" has schema ${version}; this Evergrant knows schemas up to ${knownVersion}, ` +
        `and that one needs Evergrant ${neededRelease}`,
    )
  }
  const checks = database.prepare('SELECT sealed FROM seal_checks').pluck().all() as Uint8Array[]
  for (const check of checks) vault.verifyCheck(check)
  const sealingKey = fact.get('sealing_key')
  if (typeof sealingKey === 'string' && !vault.keyIds.includes(sealingKey)) {
    throw new EvergrantError(
      'key_wrong',
      `"${path}" is sealed with key "${sealingKey}", but the ring holds ` +
        vault.keyIds.map((id) => `"${id}"`).join(', '),
    )
  }
}

/** The version of the schema; 0 for a file without one. */
export function schemaVersion(database: Database.Database): number {
  return database.pragma('user_version', { simple: true }) as number
}
