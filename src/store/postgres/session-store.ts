import type { SessionStore } from '../../access/index.ts'
import { foldId } from '../rows/account-row.ts'
import { asSession, sessionColumns, sessionValues, type SessionRow } from '../rows/session-row.ts'
import type { Connection } from './connection.ts'

/** A page of living sessions, the newest first. */
export function sessionsSql(hasAfter: boolean): string {
  return `SELECT * FROM evergrant.sessions WHERE revoked_at IS NULL AND expires_at > $1
    ${hasAfter ? 'AND id < $3' : ''} ORDER BY id DESC LIMIT $2`
}

/** What revokes the sessions of an account. */
export const revokeOfSql = `
  UPDATE evergrant.sessions SET revoked_at = $1, over_at = least(over_at, $1)
  WHERE tenant_id = $2 AND account_id = $3 AND kind = $4
    AND account_id IS NOT NULL AND revoked_at IS NULL`

/** What erases sessions that are over. */
export const sweepSessionsSql = `
  DELETE FROM evergrant.sessions WHERE id IN (
    SELECT id FROM evergrant.sessions WHERE over_at < $1 ORDER BY over_at LIMIT $2)`

/** Keeps sessions in PostgreSQL. */
export function createSessionStore({ read, write }: Connection): SessionStore {
  return {
    addSession: async (session) => {
      const values = sessionValues(session)
      const parameters = values.map((_, at) => `$${at + 1}`).join(', ')
      await write(
        async (transaction) =>
          await transaction.run(
            `INSERT INTO evergrant.sessions (${sessionColumns}) VALUES (${parameters})`,
            values,
          ),
      )
    },

    findSession: async (hash) => {
      const row = await read(
        async (reader) =>
          await reader.row<SessionRow>('SELECT * FROM evergrant.sessions WHERE hash = $1', [hash]),
      )
      return row === undefined ? undefined : asSession(row)
    },

    revokeSession: async (id, now) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `UPDATE evergrant.sessions SET revoked_at = $1, over_at = least(over_at, $1)
           WHERE id = $2 AND revoked_at IS NULL`,
          [now, id],
        )
        if (changes > 0) transaction.bump('sessions')
        return changes > 0
      }),

    revokeSessionsOf: async ({ tenantId, kind, id }, now) =>
      await write(async (transaction) => {
        const values = [now, foldId(tenantId), foldId(id), kind]
        const changes = await transaction.run(revokeOfSql, values)
        if (changes > 0) transaction.bump('sessions')
        return changes
      }),

    listSessions: async ({ limit, after, now }) => {
      const values = [now, limit, ...(after === undefined ? [] : [after])]
      const rows = await read(
        async (reader) => await reader.rows<SessionRow>(sessionsSql(after !== undefined), values),
      )
      return rows.map(asSession)
    },

    sweepSessions: async (before, limit) =>
      await write(async (transaction) => await transaction.run(sweepSessionsSql, [before, limit])),
  }
}
