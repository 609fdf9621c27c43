import type { Secret } from '../../kernel/index.ts'
import type { SealPlace, Vault } from '../../vault/index.ts'
import type { Reader, Transaction } from './connection.ts'

/** Seals within one transaction. */
export type Seal = (secret: Secret, place: SealPlace) => Uint8Array

/** Seals for this store and opens what was sealed for it. */
export interface Sealing {
  /**
   * Yields what seals with the key that every process on this store shall seal with. Until the
   * transaction ends nobody names another key, so no value is ever written with a key that had been
   * replaced before, and `forgetKey` cannot forget a key that is just being used. Call it before
   * any row is locked: whoever names a key waits for all that seal.
   */
  within(transaction: Transaction): Promise<Seal>
  open(sealed: Uint8Array, place: SealPlace): Secret
}

/** Advisory lock that is shared by all who seal and held alone by whoever changes the key: "EvGs". */
const sealingLock = 0x45_76_47_73

/** Makes what seals for a store. */
export function createSealing(vault: Vault): Sealing {
  return {
    within: async (transaction) => {
      const [, wanted] = await Promise.all([
        transaction.row('SELECT pg_advisory_xact_lock_shared($1)', [sealingLock]),
        readSealingKey(transaction),
      ])
      await follow(transaction, vault, wanted)
      return (secret, place) => vault.seal(secret, place)
    },
    open: (sealed, place) => vault.open(sealed, place),
  }
}

/** Keeps others from sealing and from changing the key until the transaction ends. */
export async function lockSealing(transaction: Transaction): Promise<void> {
  await transaction.row('SELECT pg_advisory_xact_lock($1)', [sealingLock])
}

/**
 * Lets the vault seal with the key that the store names. A ring without that key goes on with the
 * one it has used, and sees to it that a check value of that one is kept: others must be able to
 * tell that it is still needed.
 */
async function follow(
  transaction: Transaction,
  vault: Vault,
  wanted: string | undefined,
): Promise<void> {
  if (wanted === undefined || wanted === vault.sealingKeyId) return
  if (vault.keyIds.includes(wanted)) vault.sealWith(wanted)
  else await keepCheck(transaction, vault)
}

/** The key that every process shall seal with; undefined in a store that is just being made. */
export async function readSealingKey(reader: Reader): Promise<string | undefined> {
  const row = await reader.row<{ value: string }>(
    `SELECT value FROM evergrant.store_facts WHERE name = 'sealing_key'`,
  )
  return row?.value
}

/**
 * Makes the key that the vault seals with the one that every process shall seal with. The caller
 * holds `lockSealing`.
 */
export async function writeSealingKey(transaction: Transaction, vault: Vault): Promise<void> {
  await transaction.run(
    `INSERT INTO evergrant.store_facts VALUES ('sealing_key', $1)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    [vault.sealingKeyId],
  )
  await transaction.run('DELETE FROM evergrant.retired_keys WHERE key_id = $1', [
    vault.sealingKeyId,
  ])
  await keepCheck(transaction, vault)
}

/** Tells whether a check value of the key is kept, so that it seals something or may soon. */
export async function hasCheck(reader: Reader, keyId: string): Promise<boolean> {
  const row = await reader.row('SELECT 1 FROM evergrant.seal_checks WHERE key_id = $1', [keyId])
  return row !== undefined
}

/** Keeps a check value of the key that the vault seals with, once. */
async function keepCheck(transaction: Transaction, vault: Vault): Promise<void> {
  await transaction.run(
    'INSERT INTO evergrant.seal_checks VALUES ($1, $2) ON CONFLICT (key_id) DO NOTHING',
    [vault.sealingKeyId, vault.sealCheck()],
  )
}
