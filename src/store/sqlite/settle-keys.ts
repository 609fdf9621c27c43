import type { Vault } from '../../vault/index.ts'
import { nodeLeaseMs } from '../store.ts'
import type { Connection } from './connection.ts'
import { followSealingKey, hasCheck, readSealingKey, writeSealingKey } from './sealing.ts'

/**
 * Agrees with the store on the key that seals. In a new store it is the first of the ring. Later it
 * stays what it is, unless the ring's first key is new to the store and no live node lacks it. A
 * key that has sealed here before comes back only by a rotation, so that two nodes whose rings
 * differ in order do not take turns.
 *
 * Call it inside a write, when the checks have been verified.
 *
 * @returns Whether the key that seals has changed.
 */
export function settleSealingKey(connection: Connection, vault: Vault, now: number): boolean {
  if (!mayPromote(connection, vault, now)) {
    followSealingKey(connection, vault)
    return false
  }
  vault.sealWith(vault.primaryKeyId)
  writeSealingKey(connection, vault)
  return true
}

/** Tells whether the ring's first key may become the one that seals. */
export function mayPromote(connection: Connection, vault: Vault, now: number): boolean {
  const { prepare } = connection
  const current = readSealingKey(connection)
  if (current === undefined) return true
  const { primaryKeyId } = vault
  if (current === primaryKeyId || hasCheck(connection, primaryKeyId)) return false
  if (prepare('SELECT 1 FROM retired_keys WHERE key_id = ?').get(primaryKeyId) !== undefined) {
    return false
  }
  const nodes = prepare<[number], { key_ids: string }>(
    'SELECT key_ids FROM nodes WHERE beat_at >= ?',
  ).all(now - nodeLeaseMs)
  return nodes.every(({ key_ids: ids }) => (JSON.parse(ids) as string[]).includes(primaryKeyId))
}
