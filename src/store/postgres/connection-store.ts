import type { ConnectionStore, StoredConnection } from '../../grants/ports.ts'
import { asConnection, asPause, type ConnectionRow, type PauseRow } from '../rows/connection-row.ts'
import type { Connection, Reader, Transaction } from './connection.ts'
import { secretPlace } from './sealed-places.ts'
import type { Sealing } from './sealing.ts'

const selectConnection = 'SELECT * FROM evergrant.connections WHERE name = $1'

/** Keeps connections and their sealed secrets in PostgreSQL. */
export function createConnectionStore(connection: Connection, sealing: Sealing): ConnectionStore {
  const { read, write } = connection
  const find = async (reader: Reader, name: string): Promise<StoredConnection | undefined> => {
    const row = await reader.row<ConnectionRow>(selectConnection, [name])
    return row === undefined ? undefined : asConnection(row)
  }

  return {
    listConnections: async ({ limit, afterName = '' }) => {
      // Names are never empty, so that the empty one comes before all.
      const rows = await read(
        async (reader) =>
          await reader.rows<ConnectionRow>(
            'SELECT * FROM evergrant.connections WHERE name > $1 ORDER BY name LIMIT $2',
            [afterName, limit],
          ),
      )
      return rows.map(asConnection)
    },

    getConnection: async (name) => await read(async (reader) => await find(reader, name)),

    saveConnection: async ({ name, body, expectedVersion, secrets, slots }, now) =>
      await write(
        async (transaction): Promise<Awaited<ReturnType<ConnectionStore['saveConnection']>>> => {
          const seal = await sealing.within(transaction)
          // Versions are never used twice: whoever read a connection that was removed and made
          // again meanwhile cannot overwrite the new one.
          const values = [name, body, now, expectedVersion]
          const saved = await transaction.row<{ version: number }>(
            expectedVersion === 0
              ? `INSERT INTO evergrant.connections
                 SELECT $1, $2, nextval('evergrant.connection_versions'), $3, $3
                 WHERE $4 = 0 ON CONFLICT (name) DO NOTHING RETURNING version`
              : `UPDATE evergrant.connections SET body = $2, updated_at = $3,
                   version = nextval('evergrant.connection_versions')
                 WHERE name = $1 AND version = $4 RETURNING version`,
            values,
          )
          if (saved === undefined) return { saved: false, current: await find(transaction, name) }
          const names = [...secrets.keys()]
          await transaction.run(
            `INSERT INTO evergrant.connection_secrets (connection, slot, sealed_secret)
             SELECT $1, * FROM unnest($2::text[], $3::bytea[])
             ON CONFLICT (connection, slot) DO UPDATE SET sealed_secret = excluded.sealed_secret`,
            [name, names, Array.from(secrets, ([slot, it]) => seal(it, secretPlace(name, slot)))],
          )
          await transaction.run(
            `DELETE FROM evergrant.connection_secrets
             WHERE connection = $1 AND slot <> ALL($2::text[])`,
            [name, slots],
          )
          transaction.bump('connections')
          return { saved: true, version: saved.version }
        },
      ),

    removeConnection: async (name, now) => {
      const remove = async (): Promise<boolean> =>
        await write(async (transaction) => {
          const known = await transaction.row(`${selectConnection} FOR UPDATE`, [name])
          if (known === undefined) return false
          // Those that came since the steps before; with the last of them it goes itself.
          await orphanGrants(transaction, name, now)
          await transaction.run('DELETE FROM evergrant.connection_secrets WHERE connection = $1', [
            name,
          ])
          await transaction.run('DELETE FROM evergrant.connections WHERE name = $1', [name])
          await transaction.run('DELETE FROM evergrant.connection_pauses WHERE connection = $1', [
            name,
          ])
          transaction.bump('connections')
          return true
        })
      if ((await read(async (reader) => await find(reader, name))) === undefined) return false
      for (;;) {
        const orphaned = await write(
          async (transaction) => await orphanGrants(transaction, name, now),
        )
        if (orphaned < orphansAtOnce) return await remove()
      }
    },

    readSecret: async (name, slot) => {
      const row = await read(
        async (reader) =>
          await reader.row<{ sealed: Uint8Array }>(
            `SELECT sealed_secret AS sealed FROM evergrant.connection_secrets
             WHERE connection = $1 AND slot = $2`,
            [name, slot],
          ),
      )
      return row === undefined ? undefined : sealing.open(row.sealed, secretPlace(name, slot))
    },

    listPauses: async ({ limit, afterName = '' }) => {
      const rows = await read(
        async (reader) =>
          await reader.rows<PauseRow>(
            `SELECT * FROM evergrant.connection_pauses
             WHERE connection > $1 ORDER BY connection LIMIT $2`,
            [afterName, limit],
          ),
      )
      return rows.map(asPause)
    },

    pauseConnection: async ({ connection: name, pausedAt, by, reason, keepsAlive }) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `INSERT INTO evergrant.connection_pauses VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (connection) DO NOTHING`,
          [name, pausedAt, by, reason, keepsAlive],
        )
        if (changes > 0) transaction.bump('connections')
        return changes > 0
      }),

    resumeConnection: async (name) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          'DELETE FROM evergrant.connection_pauses WHERE connection = $1',
          [name],
        )
        if (changes > 0) transaction.bump('connections')
        return changes > 0
      }),
  }
}

/** Grants that are orphaned in one transaction: it holds their locks. */
const orphansAtOnce = 1_000

/** Orphans grants of a connection; returns how many there were. */
async function orphanGrants(transaction: Transaction, name: string, now: number): Promise<number> {
  const changes = await transaction.run(
    `UPDATE evergrant.grants SET state = 'orphaned', state_changed_at = $2
     WHERE id IN (
       SELECT id FROM evergrant.grants
       WHERE connection = $1 AND standing <> 'superseded' AND state NOT IN ('orphaned', 'revoked')
       ORDER BY id LIMIT ${orphansAtOnce} FOR NO KEY UPDATE)`,
    [name, now],
  )
  if (changes > 0) transaction.bump('grants')
  return changes
}
