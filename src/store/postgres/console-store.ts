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
import type { Connection, Transaction } from './connection.ts'

/** Keeps console sessions, links and sign-ins in PostgreSQL. */
export function createConsoleStore({ read, write }: Connection): ConsoleStore {
  const insert = async (
    transaction: Transaction,
    table: string,
    columns: string,
    values: readonly unknown[],
  ): Promise<void> => {
    const places = values.map((_, at) => `$${at + 1}`).join(', ')
    await transaction.run(`INSERT INTO evergrant.${table} (${columns}) VALUES (${places})`, values)
  }

  return {
    addSession: async (session) =>
      await write((transaction) =>
        insert(
          transaction,
          'console_sessions',
          consoleSessionColumns,
          consoleSessionValues(session),
        ),
      ),

    findSession: async (hash) => {
      const row = await read((reader) =>
        reader.row<ConsoleSessionRow>('SELECT * FROM evergrant.console_sessions WHERE hash = $1', [
          hash,
        ]),
      )
      return row === undefined ? undefined : asConsoleSession(row)
    },

    useSession: async (id, at) => {
      await write((transaction) =>
        transaction.run(
          'UPDATE evergrant.console_sessions SET used_at = greatest(used_at, $1) WHERE id = $2',
          [at, id],
        ),
      )
    },

    revokeSession: async (id, now) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `UPDATE evergrant.console_sessions SET revoked_at = $1
           WHERE id = $2 AND revoked_at IS NULL`,
          [now, id],
        )
        if (changes > 0) transaction.bump('sessions')
        return changes > 0
      }),

    listSessions: async ({ limit, after, now, usedSince }) => {
      const values = [now, usedSince, limit, ...(after === undefined ? [] : [after])]
      const rows = await read((reader) =>
        reader.rows<ConsoleSessionRow>(
          `SELECT * FROM evergrant.console_sessions
           WHERE revoked_at IS NULL AND expires_at > $1 AND used_at > $2
             ${after === undefined ? '' : 'AND id < $4'} ORDER BY id DESC LIMIT $3`,
          values,
        ),
      )
      return rows.map(asConsoleSession)
    },

    addLink: async (link) =>
      await write((transaction) =>
        insert(transaction, 'console_links', consoleLinkColumns, consoleLinkValues(link)),
      ),

    findLink: async (hash) => {
      const row = await read((reader) =>
        reader.row<ConsoleLinkRow>('SELECT * FROM evergrant.console_links WHERE hash = $1', [hash]),
      )
      return row === undefined ? undefined : asConsoleLink(row)
    },

    spendLink: async (hash, session) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `UPDATE evergrant.console_links SET used_at = $1
           WHERE hash = $2 AND used_at IS NULL AND expires_at > $1`,
          [session.createdAt, hash],
        )
        if (changes === 0) return false
        const values = consoleSessionValues(session)
        await insert(transaction, 'console_sessions', consoleSessionColumns, values)
        return true
      }),

    hasBegun: async () =>
      (await read((reader) =>
        reader.row(
          `SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM evergrant.console_sessions)
             OR EXISTS (SELECT 1 FROM evergrant.console_links WHERE used_at IS NOT NULL)`,
        ),
      )) !== undefined,

    addSignIn: async (signIn) =>
      await write((transaction) =>
        insert(transaction, 'console_sign_ins', consoleSignInColumns, consoleSignInValues(signIn)),
      ),

    findSignIn: async (hash) => {
      const row = await read((reader) =>
        reader.row<ConsoleSignInRow>('SELECT * FROM evergrant.console_sign_ins WHERE hash = $1', [
          hash,
        ]),
      )
      return row === undefined ? undefined : asConsoleSignIn(row)
    },

    takeSignIn: async (hash) =>
      (await write((transaction) =>
        transaction.run('DELETE FROM evergrant.console_sign_ins WHERE hash = $1', [hash]),
      )) > 0,

    sweep: async (before, limit) =>
      await write(async (transaction) => {
        let swept = 0
        for (const sql of sweeps) swept += await transaction.run(sql, [before, limit])
        return swept
      }),
  }
}

const sweeps: readonly string[] = [
  `DELETE FROM evergrant.console_sessions WHERE id IN
    (SELECT id FROM evergrant.console_sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`,
  `DELETE FROM evergrant.console_sign_ins WHERE hash IN
    (SELECT hash FROM evergrant.console_sign_ins WHERE expires_at < $1
     ORDER BY expires_at LIMIT $2)`,
  `DELETE FROM evergrant.console_links WHERE id IN
    (SELECT id FROM evergrant.console_links WHERE used_at IS NULL AND expires_at < $1
     ORDER BY expires_at LIMIT $2)`,
]
