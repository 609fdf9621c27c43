import type { Vault } from '../../vault/index.ts'
import { asNode, inUse, type NodeRow } from '../rows/node-row.ts'
import { nodeMemoryMs, type KeyStore } from '../store.ts'
import type { Connection, Reader } from './connection.ts'
import { resealPage } from './reseal.ts'
import { sealedColumns } from './sealed-places.ts'
import { lockSealing, readSealingKey, writeSealingKey, type Sealing } from './sealing.ts'

/** Keeps nodes, the sealing key and check values in PostgreSQL. */
export function createKeyStore(connection: Connection, vault: Vault, sealing: Sealing): KeyStore {
  const { read, write } = connection
  return {
    beat: async ({ owner, keyIds, sealsWith }, now) =>
      await write(async (transaction) => {
        const known = await transaction.row<NodeRow>(
          'SELECT * FROM evergrant.nodes WHERE instance_id = $1',
          [owner.instanceId],
        )
        const keys = JSON.stringify(keyIds)
        await transaction.run(
          `INSERT INTO evergrant.nodes VALUES ($1, $2, $3, $4, $5, $5)
           ON CONFLICT (instance_id) DO UPDATE SET owner = excluded.owner,
             key_ids = excluded.key_ids, seals_with = excluded.seals_with,
             beat_at = excluded.beat_at`,
          [owner.instanceId, JSON.stringify(owner), keys, sealsWith, now],
        )
        // No generation for a plain beat: it changes nothing that anyone waits for.
        if (known?.key_ids !== keys || known.seals_with !== sealsWith) {
          await transaction.run('DELETE FROM evergrant.nodes WHERE beat_at < $1', [
            now - nodeMemoryMs,
          ])
          transaction.bump('keys')
        }
        return await sealingKey(transaction)
      }),

    leave: async (instanceId) => {
      await write(async (transaction) => {
        const changes = await transaction.run(
          'DELETE FROM evergrant.nodes WHERE instance_id = $1',
          [instanceId],
        )
        if (changes > 0) transaction.bump('keys')
      })
    },

    listNodes: async (since) => {
      const rows = await read(
        async (reader) =>
          await reader.rows<NodeRow>(
            `SELECT * FROM evergrant.nodes WHERE beat_at >= $1
             ORDER BY started_at, instance_id`,
            [since],
          ),
      )
      return rows.map(asNode)
    },

    sealingKey: async () => await read(sealingKey),

    setSealingKey: async (keyId) => {
      await write(async (transaction) => {
        await lockSealing(transaction)
        vault.sealWith(keyId)
        await writeSealingKey(transaction, vault)
        transaction.bump('keys')
      })
    },

    countByKey: async () => {
      const counts = new Map<string, number>()
      await read(async (reader) => {
        counts.clear()
        for (const { table } of sealedColumns) {
          const rows = await reader.rows<{ key: string; count: number }>(
            `SELECT sealed_by AS key, count(*) AS count FROM evergrant.${table}
             WHERE sealed_by IS NOT NULL GROUP BY sealed_by`,
          )
          for (const { key, count } of rows) counts.set(key, (counts.get(key) ?? 0) + count)
        }
      })
      return counts
    },

    reseal: async (after, limit) => await resealPage(connection, sealing, after, limit),

    forgetKey: async (keyId) => {
      await write(async (transaction) => {
        await lockSealing(transaction)
        if (keyId === (await sealingKey(transaction))) {
          throw inUse(keyId, 'it is the one that seals')
        }
        for (const { table } of sealedColumns) {
          const user = await transaction.row(
            `SELECT 1 FROM evergrant.${table} WHERE sealed_by = $1 LIMIT 1`,
            [keyId],
          )
          if (user !== undefined) throw inUse(keyId, `it still seals values in "${table}"`)
        }
        await transaction.run('DELETE FROM evergrant.seal_checks WHERE key_id = $1', [keyId])
        await transaction.run(
          'INSERT INTO evergrant.retired_keys VALUES ($1) ON CONFLICT DO NOTHING',
          [keyId],
        )
        transaction.bump('keys')
      })
    },
  }
}

async function sealingKey(reader: Reader): Promise<string> {
  const keyId = await readSealingKey(reader)
  if (keyId === undefined) throw new Error('a store that is open has no sealing key')
  return keyId
}
