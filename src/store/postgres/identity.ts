import type pg from 'pg'
import { EvergrantError } from '../../kernel/index.ts'
import type { Vault } from '../../vault/index.ts'
import { fromDriver } from './errors.ts'

/**
 * What every version of the schema has, so that every version of Evergrant can read it before it
 * trusts the rest. All tables stand in a schema of their own, so the database may be shared.
 */
export const identitySchema = `
CREATE SCHEMA evergrant;
CREATE TABLE evergrant.store_facts (name text PRIMARY KEY, value text NOT NULL);
INSERT INTO evergrant.store_facts VALUES ('application', 'evergrant');
CREATE TABLE evergrant.seal_checks (key_id text PRIMARY KEY, sealed bytea NOT NULL);
`

/** What a database is, as far as every version of Evergrant understands it. */
export interface DatabaseIdentity {
  /** Version of the schema; 0 when there is none. */
  readonly version: number
  /** The oldest version of the schema that an Evergrant must know to use this one. */
  readonly compatibleFrom: number
  /** The release that made it so. */
  readonly needsRelease: string
}

/**
 * Tells whether this Evergrant may use the database, without changing anything: a schema of that
 * name must be ours, of a version we understand, and sealed by a key we hold.
 *
 * @param knownVersion The newest version of the schema that this Evergrant knows.
 * @throws `store_foreign`, `schema_too_new`, `key_wrong`, `unseal_failed`
 */
export async function examine(
  client: pg.ClientBase,
  place: string,
  vault: Vault,
  knownVersion: number,
): Promise<DatabaseIdentity> {
  const { rows: found } = await fromDriver(
    client.query<{ schema: string | null; facts: string | null }>(
      `SELECT to_regnamespace('evergrant')::text AS schema,
         to_regclass('evergrant.store_facts')::text AS facts`,
    ),
  )
  const isThere = found[0]?.schema !== null
  if (!isThere) return { version: 0, compatibleFrom: 0, needsRelease: '' }
  const facts = found[0]?.facts === null ? new Map<string, string>() : await factsOf(client)
  if (facts.get('application') !== 'evergrant') {
    throw new EvergrantError(
      'store_foreign',
      `"${place}" has a schema "evergrant" that is not Evergrant's`,
      { remedy: 'Name another database in `store`, or rename that schema.' },
    )
  }
  const version = Number(facts.get('schema_version') ?? 0)
  const compatibleFrom = Number(facts.get('compatible_from') ?? 0)
  const needsRelease = facts.get('needs_evergrant') ?? 'of a newer release'
  if (compatibleFrom > knownVersion) {
    throw new EvergrantError(
      'schema_too_new',
      `"${place}" has schema ${version}; this Evergrant knows schemas up to ${knownVersion}, ` +
        `and that one needs Evergrant ${needsRelease}`,
    )
  }
  const { rows: checks } = await fromDriver(
    client.query<{ sealed: Uint8Array }>('SELECT sealed FROM evergrant.seal_checks'),
  )
  for (const { sealed } of checks) vault.verifyCheck(sealed)
  const sealingKey = facts.get('sealing_key')
  if (sealingKey !== undefined && !vault.keyIds.includes(sealingKey)) {
    throw new EvergrantError(
      'key_wrong',
      `"${place}" is sealed with key "${sealingKey}", but the ring holds ` +
        vault.keyIds.map((id) => `"${id}"`).join(', '),
    )
  }
  return { version, compatibleFrom, needsRelease }
}

/** Refuses a database whose schema this Evergrant cannot work on yet. @throws `schema_outdated` */
export function assertPrepared(
  { version }: DatabaseIdentity,
  place: string,
  neededVersion: number,
): void {
  if (version >= neededVersion) return
  throw new EvergrantError(
    'schema_outdated',
    version === 0
      ? `"${place}" has no tables of Evergrant yet`
      : `"${place}" has schema ${version}, and this Evergrant needs schema ${neededVersion}`,
  )
}

/** Refuses a standby before anything is tried there. @throws `store_unwritable` */
export async function assertPrimary(client: pg.ClientBase, place: string): Promise<void> {
  const { rows } = await fromDriver(
    client.query<{ standby: boolean }>(
      `SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'
         AS standby`,
    ),
  )
  if (rows[0]?.standby !== true) return
  throw new EvergrantError('store_unwritable', `"${place}" is a read-only standby`, {
    remedy: 'Point `store` at the primary server.',
  })
}

async function factsOf(client: pg.ClientBase): Promise<ReadonlyMap<string, string>> {
  const { rows } = await fromDriver(
    client.query<{ name: string; value: string }>('SELECT name, value FROM evergrant.store_facts'),
  )
  return new Map(rows.map(({ name, value }) => [name, value]))
}
