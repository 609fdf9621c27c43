import type { ConnectionStore } from '../../grants/ports.ts'
import type { SealPlace } from '../../vault/index.ts'
import { asConnection, asPause, type ConnectionRow, type PauseRow } from '../rows/connection-row.ts'
import type { Connection } from './connection.ts'
import { bumpGeneration, readGeneration } from './generations.ts'
import type { Sealing } from './sealing.ts'

/** Most grants that are orphaned in one transaction. */
const orphansAtOnce = 500

/** Finds a connection's grants that its removal orphans, in the order of their ids. */
export const orphanableSql = `SELECT id, sequence FROM grants
  WHERE connection = ? AND id > ? AND standing <> 'superseded'
    AND state NOT IN ('orphaned', 'revoked') ORDER BY id LIMIT ?`

/** Keeps connections and their sealed secrets in SQLite. */
export function createConnectionStore(connection: Connection, sealing: Sealing): ConnectionStore {
  const { prepare, read, write } = connection
  const rowOf = (name: string): ConnectionRow | undefined =>
    prepare<[string], ConnectionRow>('SELECT * FROM connections WHERE name = ?').get(name)

  return {
    listConnections: async ({ limit, afterName = '' }) => {
      // Names are never empty, so that the empty one comes before all.
      const rows = await read(() =>
        prepare<[string, number], ConnectionRow>(
          'SELECT * FROM connections WHERE name > ? ORDER BY name LIMIT ?',
        ).all(afterName, limit),
      )
      return rows.map(asConnection)
    },

    getConnection: async (name) => {
      const row = await read(() => rowOf(name))
      return row === undefined ? undefined : asConnection(row)
    },

    saveConnection: async ({ name, body, expectedVersion, secrets, slots }, now) =>
      await write((): Awaited<ReturnType<ConnectionStore['saveConnection']>> => {
        const existing = rowOf(name)
        if ((existing?.version ?? 0) !== expectedVersion) {
          return {
            saved: false,
            current: existing === undefined ? undefined : asConnection(existing),
          }
        }
        bumpGeneration(connection, 'connections')
        // The generation serves as version: a connection that is removed and made again never has
        // one it had before, so whoever read the old one cannot overwrite the new one.
        const version = readGeneration(connection, 'connections')
        prepare(
          `INSERT INTO connections VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET body = excluded.body, version = excluded.version,
             updated_at = excluded.updated_at`,
        ).run(name, body, version, now, now)
        for (const [slot, secret] of secrets) {
          prepare(
            `INSERT INTO connection_secrets (connection, slot, sealed_secret) VALUES (?, ?, ?)
             ON CONFLICT DO UPDATE SET sealed_secret = excluded.sealed_secret`,
          ).run(name, slot, sealing.seal(secret, secretPlace(name, slot)))
        }
        prepare(
          `DELETE FROM connection_secrets
           WHERE connection = ? AND slot NOT IN (SELECT value FROM json_each(?))`,
        ).run(name, JSON.stringify(slots))
        return { saved: true, version }
      }),

    removeConnection: async (name, now) => {
      // A template may have a million grants. They are orphaned in steps, so that nobody waits for
      // the lock for long, and the connection goes with the last of them: whoever is interrupted
      // finds it there and removes it again.
      for (let after = ''; ;) {
        const step = await write(() => {
          if (rowOf(name) === undefined) return { isOver: true, removed: false } as const
          const last = orphanGrants(connection, name, after, now)
          if (last !== undefined) return { isOver: false, last } as const
          prepare('DELETE FROM connection_secrets WHERE connection = ?').run(name)
          prepare('DELETE FROM connections WHERE name = ?').run(name)
          prepare('DELETE FROM connection_pauses WHERE connection = ?').run(name)
          bumpGeneration(connection, 'connections')
          return { isOver: true, removed: true } as const
        })
        if (step.isOver) return step.removed
        after = step.last
      }
    },

    readSecret: async (name, slot) => {
      const row = await read(() =>
        prepare<[string, string], { sealed: Uint8Array }>(
          `SELECT sealed_secret AS sealed FROM connection_secrets
           WHERE connection = ? AND slot = ?`,
        ).get(name, slot),
      )
      return row === undefined ? undefined : sealing.open(row.sealed, secretPlace(name, slot))
    },

    listPauses: async ({ limit, afterName = '' }) => {
      const rows = await read(() =>
        prepare<[string, number], PauseRow>(
          'SELECT * FROM connection_pauses WHERE connection > ? ORDER BY connection LIMIT ?',
        ).all(afterName, limit),
      )
      return rows.map(asPause)
    },

    pauseConnection: async ({ connection: name, pausedAt, by, reason, keepsAlive }) =>
      await write(() => {
        const { changes } = prepare(
          'INSERT INTO connection_pauses VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
        ).run(name, pausedAt, by, reason, keepsAlive ? 1 : 0)
        if (changes > 0) bumpGeneration(connection, 'connections')
        return changes > 0
      }),

    resumeConnection: async (name) =>
      await write(() => {
        const { changes } = prepare('DELETE FROM connection_pauses WHERE connection = ?').run(name)
        if (changes > 0) bumpGeneration(connection, 'connections')
        return changes > 0
      }),
  }
}

/** The cell a secret is sealed for. */
export function secretPlace(name: string, slot: string): SealPlace {
  return {
    table: 'connection_secrets',
    column: 'sealed_secret',
    row: JSON.stringify([name, slot]),
  }
}

/**
 * Orphans grants of a connection, in the order of their ids.
 *
 * @returns Where to go on; undefined when these were the last.
 */
function orphanGrants(
  connection: Connection,
  name: string,
  after: string,
  now: number,
): string | undefined {
  const rows = connection
    .prepare<[string, string, number], { id: string; sequence: number }>(orphanableSql)
    .all(name, after, orphansAtOnce)
  const orphan = connection.prepare(
    `UPDATE grants SET state = 'orphaned', state_changed_at = ? WHERE sequence = ?`,
  )
  for (const { sequence } of rows) orphan.run(now, sequence)
  if (rows.length > 0) bumpGeneration(connection, 'grants')
  return rows.length < orphansAtOnce ? undefined : rows.at(-1)?.id
}
