import type { CallerStore } from '../../access/ports.ts'
import { asCaller, callerColumns, callerValues, type CallerRow } from '../rows/caller-row.ts'
import type { Connection } from './connection.ts'

/** A page of callers; only living ones unless told otherwise. */
export function callersSql(withRevoked: boolean): string {
  return `SELECT * FROM evergrant.callers WHERE (name, id) > ($1, $2)
    ${withRevoked ? '' : 'AND revoked_at IS NULL'} ORDER BY name, id LIMIT $3`
}

/** Keeps callers in PostgreSQL. */
export function createCallerStore({ read, write }: Connection): CallerStore {
  return {
    addCaller: async (caller) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `INSERT INTO evergrant.callers (${callerColumns}, allow_tokens)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
           ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING`,
          [...callerValues(caller), caller.allowTokens],
        )
        if (changes > 0) transaction.bump('callers')
        return changes > 0
      }),

    getCaller: async (id) => {
      const row = await read(
        async (reader) =>
          await reader.row<CallerRow>('SELECT * FROM evergrant.callers WHERE id = $1', [id]),
      )
      return row === undefined ? undefined : asCaller(row)
    },

    listCallers: async ({ limit, after, withRevoked = false }) => {
      const rows = await read(
        async (reader) =>
          await reader.rows<CallerRow>(callersSql(withRevoked), [
            after?.name ?? '',
            after?.id ?? '',
            limit,
          ]),
      )
      return rows.map(asCaller)
    },

    revokeCaller: async (nameOrId, now) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `UPDATE evergrant.callers SET revoked_at = $2 WHERE revoked_at IS NULL AND id = coalesce(
             (SELECT id FROM evergrant.callers WHERE id = $1 AND revoked_at IS NULL),
             (SELECT id FROM evergrant.callers WHERE name = $1 AND revoked_at IS NULL))`,
          [nameOrId, now],
        )
        if (changes > 0) transaction.bump('callers')
        return changes > 0
      }),
  }
}
