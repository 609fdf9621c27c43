import type { Vault } from '../../vault/index.ts'
import { asNode, inUse, type NodeRow } from '../rows/node-row.ts'
import { nodeMemoryMs, type KeyStore } from '../store.ts'
import type { Connection } from './connection.ts'
import { bumpGeneration } from './generations.ts'
import { resealPage } from './reseal.ts'
import { sealedColumns } from './sealed-places.ts'
import { readSealingKey, writeSealingKey, type Sealing } from './sealing.ts'

/** Keeps nodes, the sealing key and check values in SQLite. */
export function createKeyStore(connection: Connection, vault: Vault, sealing: Sealing): KeyStore {
  const { prepare, read, write } = connection

  const sealingKey = (): string => {
    const keyId = readSealingKey(connection)
    if (keyId === undefined) throw new Error('a store that is open has no sealing key')
    return keyId
  }

  return {
    beat: async ({ owner, keyIds, sealsWith }, now) =>
      await write(() => {
        const known = prepare<[string], NodeRow>('SELECT * FROM nodes WHERE instance_id = ?').get(
          owner.instanceId,
        )
        const keys = JSON.stringify(keyIds)
        prepare(
          `INSERT INTO nodes VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET owner = excluded.owner, key_ids = excluded.key_ids,
             seals_with = excluded.seals_with, beat_at = excluded.beat_at`,
        ).run(owner.instanceId, JSON.stringify(owner), keys, sealsWith, now, now)
        // No generation for a plain beat: it changes nothing that anyone waits for.
        if (known?.key_ids !== keys || known.seals_with !== sealsWith) {
          prepare('DELETE FROM nodes WHERE beat_at < ?').run(now - nodeMemoryMs)
          bumpGeneration(connection, 'keys')
        }
        return sealingKey()
      }),

    leave: async (instanceId) => {
      await write(() => {
        const { changes } = prepare('DELETE FROM nodes WHERE instance_id = ?').run(instanceId)
        if (changes > 0) bumpGeneration(connection, 'keys')
      })
    },

    listNodes: async (since) => {
      const rows = await read(() => nodeRows(connection, since))
      return rows.map(asNode)
    },

    sealingKey: async () => await read(sealingKey),

    setSealingKey: async (keyId) => {
      await write(() => {
        vault.sealWith(keyId)
        writeSealingKey(connection, vault)
        bumpGeneration(connection, 'keys')
      })
    },

    countByKey: async () => {
      const counts = new Map<string, number>()
      await read(() => {
        for (const { table } of sealedColumns) {
          const rows = prepare<[], { key: string; count: number }>(
            `SELECT sealed_by AS key, count(*) AS count FROM ${table}
             WHERE sealed_by IS NOT NULL GROUP BY sealed_by`,
          ).all()
          for (const { key, count } of rows) counts.set(key, (counts.get(key) ?? 0) + count)
        }
      })
      return counts
    },

    reseal: async (after, limit) => await resealPage(connection, sealing, after, limit),

    forgetKey: async (keyId) => {
      await write(() => {
        if (keyId === sealingKey()) throw inUse(keyId, 'it is the one that seals')
        for (const { table } of sealedColumns) {
          const user = prepare(`SELECT 1 FROM ${table} WHERE sealed_by = ? LIMIT 1`).get(keyId)
          if (user !== undefined) throw inUse(keyId, `it still seals values in "${table}"`)
        }
        prepare('DELETE FROM seal_checks WHERE key_id = ?').run(keyId)
        prepare('INSERT INTO retired_keys VALUES (?) ON CONFLICT DO NOTHING').run(keyId)
        bumpGeneration(connection, 'keys')
      })
    },
  }
}

/**
 * Nodes that have beaten since `since`; one whose beat lies ahead was there before the clock was
 * turned back.
 */
export function nodeRows({ prepare }: Connection, since: number): readonly NodeRow[] {
  return prepare<[number], NodeRow>(
    'SELECT * FROM nodes WHERE beat_at >= ? ORDER BY started_at, instance_id',
  ).all(since)
}
