import type { Vault } from '../../vault/index.ts'
import { nodeLeaseMs } from '../store.ts'
import type { Connection, Reader, Transaction } from './connection.ts'
import { hasCheck, lockSealing, readSealingKey, writeSealingKey } from './sealing.ts'

/**
 * Agrees with the store on the key that seals. In a new store it is the first of the ring. Later it
 * stays what it is, unless the ring's first key is new to the store and no live node lacks it. A
 * key that has sealed here before comes back only by a rotation, so that two nodes whose rings
 * differ in order do not take turns.
 */
export async function settleSealingKey(
  connection: Connection,
  vault: Vault,
  now: number,
): Promise<void> {
  // Looking first keeps nodes that start from waiting for each other.
  if (await connection.read(async (reader) => await mayPromote(reader, vault, now))) {
    await connection.write(async (transaction) => {
      if (await promotePrimary(transaction, vault, now)) transaction.bump('keys')
    })
  }
  const wanted = await connection.read(readSealingKey)
  if (wanted !== undefined && vault.keyIds.includes(wanted)) vault.sealWith(wanted)
}

/** Makes the ring's first key the one that seals, where that may be; true when it did. */
export async function promotePrimary(
  transaction: Transaction,
  vault: Vault,
  now: number,
): Promise<boolean> {
  await lockSealing(transaction)
  if (!(await mayPromote(transaction, vault, now))) return false
  vault.sealWith(vault.primaryKeyId)
  await writeSealingKey(transaction, vault)
  return true
}

async function mayPromote(reader: Reader, vault: Vault, now: number): Promise<boolean> {
  const current = await readSealingKey(reader)
  if (current === undefined) return true
  const { primaryKeyId } = vault
  if (current === primaryKeyId || (await hasCheck(reader, primaryKeyId))) return false
  const retired = await reader.row('SELECT 1 FROM evergrant.retired_keys WHERE key_id = $1', [
    primaryKeyId,
  ])
  if (retired !== undefined) return false
  const nodes = await reader.rows<{ key_ids: string }>(
    'SELECT key_ids FROM evergrant.nodes WHERE beat_at >= $1',
    [now - nodeLeaseMs],
  )
  return nodes.every(({ key_ids: ids }) => (JSON.parse(ids) as string[]).includes(primaryKeyId))
}
