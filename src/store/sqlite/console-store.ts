import type { ConsoleStore } from '../../access/index.ts'
import {
  asConsoleLink,
  asConsoleSession,
  asConsoleSignIn,
  consoleLinkColumns,
  consoleLinkValues,
  consoleSessionColumns,
  consoleSessionValues,
  consoleSignInColumns,
  consoleSignInValues,
  type ConsoleLinkRow,
  type ConsoleSessionRow,
  type ConsoleSignInRow,
} from '../rows/console-row.ts'
import type { Connection } from './connection.ts'
import { bumpGeneration } from './generations.ts'

const placesFor = (values: readonly unknown[]): string => values.map(() => '?').join(', ')

/** Keeps console sessions, links and sign-ins in SQLite. */
export function createConsoleStore(connection: Connection): ConsoleStore {
  const { prepare, read, write } = connection
  const insert = (table: string, columns: string, values: readonly unknown[]): void => {
    prepare(`INSERT INTO ${table} (${columns}) VALUES (${placesFor(values)})`).run(...values)
  }

  return {
    addSession: async (session) => {
      await write(() =>
        insert('console_sessions', consoleSessionColumns, consoleSessionValues(session)),
      )
    },

    findSession: async (hash) => {
      const row = await read(() =>
        prepare<[string], ConsoleSessionRow>('SELECT * FROM console_sessions WHERE hash = ?').get(
          hash,
        ),
      )
      return row === undefined ? undefined : asConsoleSession(row)
    },

    useSession: async (id, at) => {
      await write(() =>
        prepare('UPDATE console_sessions SET used_at = max(used_at, ?) WHERE id = ?').run(at, id),
      )
    },

    revokeSession: async (id, now) =>
      await write(() => {
        const { changes } = prepare(
          'UPDATE console_sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL',
        ).run(now, id)
        if (changes > 0) bumpGeneration(connection, 'sessions')
        return changes > 0
      }),

    listSessions: async ({ limit, after, now, usedSince }) => {
      const rows = await read(() =>
        prepare<unknown[], ConsoleSessionRow>(
          `SELECT * FROM console_sessions
           WHERE revoked_at IS NULL AND expires_at > @now AND used_at > @usedSince
             ${after === undefined ? '' : 'AND id < @after'} ORDER BY id DESC LIMIT @limit`,
        ).all({ limit, now, usedSince, ...(after === undefined ? {} : { after }) }),
      )
      return rows.map(asConsoleSession)
    },

    addLink: async (link) => {
      await write(() => insert('console_links', consoleLinkColumns, consoleLinkValues(link)))
    },

    findLink: async (hash) => {
      const row = await read(() =>
        prepare<[string], ConsoleLinkRow>('SELECT * FROM console_links WHERE hash = ?').get(hash),
      )
      return row === undefined ? undefined : asConsoleLink(row)
    },

    spendLink: async (hash, session) =>
      await write(() => {
        const { changes } = prepare(
          `UPDATE console_links SET used_at = ?
           WHERE hash = ? AND used_at IS NULL AND expires_at > ?`,
        ).run(session.createdAt, hash, session.createdAt)
        if (changes === 0) return false
        insert('console_sessions', consoleSessionColumns, consoleSessionValues(session))
        return true
      }),

    hasBegun: async () =>
      await read(
        () =>
          prepare(
            `SELECT 1 WHERE EXISTS (SELECT 1 FROM console_sessions)
               OR EXISTS (SELECT 1 FROM console_links WHERE used_at IS NOT NULL)`,
          ).get() !== undefined,
      ),

    addSignIn: async (signIn) => {
      await write(() =>
        insert('console_sign_ins', consoleSignInColumns, consoleSignInValues(signIn)),
      )
    },

    findSignIn: async (hash) => {
      const row = await read(() =>
        prepare<[string], ConsoleSignInRow>('SELECT * FROM console_sign_ins WHERE hash = ?').get(
          hash,
        ),
      )
      return row === undefined ? undefined : asConsoleSignIn(row)
    },

    takeSignIn: async (hash) =>
      await write(
        () => prepare('DELETE FROM console_sign_ins WHERE hash = ?').run(hash).changes > 0,
      ),

    sweep: async (before, limit) =>
      await write(() =>
        sweeps
          .map((sql) => prepare(sql).run(before, limit).changes)
          .reduce((sum, changes) => sum + changes, 0),
      ),
  }
}

const sweeps: readonly string[] = [
  `DELETE FROM console_sessions WHERE id IN
    (SELECT id FROM console_sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`,
  `DELETE FROM console_sign_ins WHERE hash IN
    (SELECT hash FROM console_sign_ins WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`,
  `DELETE FROM console_links WHERE id IN
    (SELECT id FROM console_links WHERE used_at IS NULL AND expires_at < ?
     ORDER BY expires_at LIMIT ?)`,
]
