import type { SessionStore } from '../../access/index.ts'
import { foldId } from '../rows/account-row.ts'
import { asSession, sessionColumns, sessionValues, type SessionRow } from '../rows/session-row.ts'
import type { Connection } from './connection.ts'
import { bumpGeneration } from './generations.ts'

/** A page of living sessions, the newest first. */
export function sessionsSql(hasAfter: boolean): string {
  return `SELECT * FROM sessions WHERE revoked_at IS NULL AND expires_at > @now
    ${hasAfter ? 'AND id < @after' : ''} ORDER BY id DESC LIMIT @limit`
}

/** What revokes the sessions of an account. */
export const revokeOfSql = `UPDATE sessions SET revoked_at = @now, over_at = min(over_at, @now)
  WHERE tenant_id = @tenantId AND account_id = @id AND kind = @kind
    AND account_id IS NOT NULL AND revoked_at IS NULL`

/** What erases sessions that are over. */
export const sweepSessionsSql = `DELETE FROM sessions WHERE id IN (
  SELECT id FROM sessions WHERE over_at < ? ORDER BY over_at LIMIT ?)`

/** Keeps sessions in SQLite. */
export function createSessionStore(connection: Connection): SessionStore {
  const { prepare, read, write } = connection
  return {
    addSession: async (session) => {
      await write(() => {
        const values = sessionValues(session)
        prepare(
          `INSERT INTO sessions (${sessionColumns}) VALUES (${values.map(() => '?').join(', ')})`,
        ).run(...values)
      })
    },

    findSession: async (hash) => {
      const row = await read(() =>
        prepare<[string], SessionRow>('SELECT * FROM sessions WHERE hash = ?').get(hash),
      )
      return row === undefined ? undefined : asSession(row)
    },

    revokeSession: async (id, now) =>
      await write(() => {
        const { changes } = prepare(
          `UPDATE sessions SET revoked_at = ?, over_at = min(over_at, ?)
           WHERE id = ? AND revoked_at IS NULL`,
        ).run(now, now, id)
        if (changes > 0) bumpGeneration(connection, 'sessions')
        return changes > 0
      }),

    revokeSessionsOf: async ({ tenantId, kind, id }, now) =>
      await write(() => {
        const { changes } = prepare(revokeOfSql).run({
          now,
          kind,
          tenantId: foldId(tenantId),
          id: foldId(id),
        })
        if (changes > 0) bumpGeneration(connection, 'sessions')
        return changes
      }),

    listSessions: async ({ limit, after, now }) => {
      const sql = sessionsSql(after !== undefined)
      const rows = await read(() =>
        prepare<unknown[], SessionRow>(sql).all({
          limit,
          now,
          ...(after === undefined ? {} : { after }),
        }),
      )
      return rows.map(asSession)
    },

    sweepSessions: async (before, limit) =>
      await write(() => prepare(sweepSessionsSql).run(before, limit).changes),
  }
}
