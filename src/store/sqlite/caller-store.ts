import type { CallerStore } from '../../access/ports.ts'
import { asCaller, callerColumns, callerValues, type CallerRow } from '../rows/caller-row.ts'
import type { Connection } from './connection.ts'
import { bumpGeneration } from './generations.ts'

/** A page of callers; only living ones unless told otherwise. */
export function callersSql(withRevoked: boolean): string {
  return `SELECT * FROM callers WHERE (name, id) > (?, ?)
    ${withRevoked ? '' : 'AND revoked_at IS NULL'} ORDER BY name, id LIMIT ?`
}

/** Keeps callers in SQLite. */
export function createCallerStore(connection: Connection): CallerStore {
  const { prepare, read, write } = connection
  return {
    addCaller: async (caller) =>
      await write(() => {
        const { changes } = prepare(
          `INSERT INTO callers (${callerColumns}, allow_tokens)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING`,
        ).run(...callerValues(caller), caller.allowTokens ? 1 : 0)
        if (changes > 0) bumpGeneration(connection, 'callers')
        return changes > 0
      }),

    getCaller: async (id) => {
      const row = await read(() =>
        prepare<[string], CallerRow>('SELECT * FROM callers WHERE id = ?').get(id),
      )
      return row === undefined ? undefined : asCaller(row)
    },

    listCallers: async ({ limit, after, withRevoked = false }) => {
      const rows = await read(() =>
        prepare<[string, string, number], CallerRow>(callersSql(withRevoked)).all(
          after?.name ?? '',
          after?.id ?? '',
          limit,
        ),
      )
      return rows.map(asCaller)
    },

    revokeCaller: async (nameOrId, now) =>
      await write(() => {
        const { changes } = prepare(
          `UPDATE callers SET revoked_at = ? WHERE revoked_at IS NULL AND id = coalesce(
             (SELECT id FROM callers WHERE id = ? AND revoked_at IS NULL),
             (SELECT id FROM callers WHERE name = ? AND revoked_at IS NULL))`,
        ).run(now, nameOrId, nameOrId)
        if (changes > 0) bumpGeneration(connection, 'callers')
        return changes > 0
      }),
  }
}
