import type { Secret } from '../../kernel/index.ts'
import type { SealPlace, Vault } from '../../vault/index.ts'
import type { Connection } from './connection.ts'

/** Seals for this store and opens what was sealed for it. */
export interface Sealing {
  /**
   * Seals with the key that every process on this store shall seal with. Call it inside the
   * transaction that writes the value: then no value is ever written with a key that had been
   * replaced before, and `forgetKey` cannot forget a key that is just being used.
   */
  seal(secret: Secret, place: SealPlace): Uint8Array
  open(sealed: Uint8Array, place: SealPlace): Secret
}

/** Makes what seals for the store behind a connection. */
export function createSealing(connection: Connection, vault: Vault): Sealing {
  return {
    seal: (secret, place) => {
      followSealingKey(connection, vault)
      return vault.seal(secret, place)
    },
    open: (sealed, place) => vault.open(sealed, place),
  }
}

/**
 * Lets the vault seal with the key that the store names. A ring without that key goes on with the
 * one it has used, and sees to it that a check value of that one is kept: others must be able to
 * tell that it is still needed.
 */
export function followSealingKey(connection: Connection, vault: Vault): void {
  const wanted = readSealingKey(connection)
  if (wanted === undefined || wanted === vault.sealingKeyId) return
  if (vault.keyIds.includes(wanted)) vault.sealWith(wanted)
  else keepCheck(connection, vault)
}

/** The key that every process shall seal with; undefined in a store that is just being made. */
export function readSealingKey({ prepare }: Connection): string | undefined {
  return prepare<[], { value: string }>(
    `SELECT value FROM store_facts WHERE name = 'sealing_key'`,
  ).get()?.value
}

/** Makes the key that the vault seals with the one that every process shall seal with. */
export function writeSealingKey(connection: Connection, vault: Vault): void {
  const { prepare } = connection
  prepare(`INSERT OR REPLACE INTO store_facts VALUES ('sealing_key', ?)`).run(vault.sealingKeyId)
  prepare('DELETE FROM retired_keys WHERE key_id = ?').run(vault.sealingKeyId)
  keepCheck(connection, vault)
}

/** Tells whether a check value of the key is kept, so that it seals something or may soon. */
export function hasCheck({ prepare }: Connection, keyId: string): boolean {
  return prepare('SELECT 1 FROM seal_checks WHERE key_id = ?').get(keyId) !== undefined
}

/** Keeps a check value of the key that the vault seals with, once. */
function keepCheck(connection: Connection, vault: Vault): void {
  if (hasCheck(connection, vault.sealingKeyId)) return
  connection
    .prepare('INSERT INTO seal_checks VALUES (?, ?)')
    .run(vault.sealingKeyId, vault.sealCheck())
}
