import type { LinkStore } from '../../consent/index.ts'
import {
  asLink,
  isOpenLink,
  joinNewest,
  linkColumns,
  linkValues,
  newLinkColumns,
  type LinkRow,
} from '../rows/link-row.ts'
import type { Connection } from './connection.ts'

/** Keeps hand-off links in PostgreSQL. */
export function createLinkStore({ read, write }: Connection): LinkStore {
  const select = `SELECT ${linkColumns} FROM evergrant.consent_links AS link ${joinNewest('evergrant.')}`
  const find = async (condition: string, value: string) => {
    const row = await read(
      async (reader) => await reader.row<LinkRow>(`${select} WHERE ${condition}`, [value]),
    )
    return row === undefined ? undefined : asLink(row)
  }
  const change = async (sql: string, values: readonly unknown[]): Promise<boolean> =>
    await write(async (transaction) => {
      const changes = await transaction.run(sql, values)
      if (changes > 0) transaction.bump('consents')
      return changes > 0
    })

  return {
    addLink: async (link) => {
      const values = linkValues(link, Boolean)
      await change(
        `INSERT INTO evergrant.consent_links (${newLinkColumns})
         VALUES (${values.map((_, at) => `$${at + 1}`).join(', ')})`,
        values,
      )
    },

    findLink: (id) => find('link.id = $1', id),
    findLinkByToken: (tokenHash) => find('link.token_hash = $1', tokenHash),

    listLinks: async ({ limit, connection, isOpen, before }, now) => {
      const rows = await read(
        async (reader) =>
          await reader.rows<LinkRow>(
            `${select}
             WHERE ($2::text IS NULL OR link.connection = $2) AND ($3::text IS NULL OR link.id < $3)
               AND ($4::boolean IS NULL OR ${isOpenLink('$5::bigint')} = $4)
             ORDER BY link.id DESC LIMIT $1`,
            [limit, connection ?? null, before ?? null, isOpen ?? null, now],
          ),
      )
      return rows.map(asLink)
    },

    openLink: async (id, now) =>
      await change(
        'UPDATE evergrant.consent_links SET opened_at = $2 WHERE id = $1 AND opened_at IS NULL',
        [id, now],
      ),

    bindLink: async (id, browserHash, now) =>
      await change(
        `UPDATE evergrant.consent_links SET browser_hash = $2
         WHERE id = $1 AND (browser_hash IS NULL OR browser_hash = $2)
           AND revoked_at IS NULL AND expires_at > $3`,
        [id, browserHash, now],
      ),

    revokeLink: async (id, now) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          'UPDATE evergrant.consent_links SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL',
          [id, now],
        )
        await transaction.run(
          `UPDATE evergrant.consent_sessions
           SET state = 'cancelled', state_changed_at = $2, sealed_verifier = NULL
           WHERE link_id = $1 AND state = 'created'`,
          [id, now],
        )
        if (changes > 0) transaction.bump('consents')
        return changes > 0
      }),

    sweepLinks: async (before, limit) =>
      await write(async (transaction) => {
        const over = await transaction.rows<{ readonly id: string }>(
          `DELETE FROM evergrant.consent_links WHERE id IN (
             SELECT id FROM evergrant.consent_links WHERE expires_at < $1
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
           RETURNING id`,
          [before, limit],
        )
        if (over.length === 0) return 0
        await transaction.run(
          'DELETE FROM evergrant.consent_sessions WHERE link_id = ANY ($1::text[])',
          [over.map(({ id }) => id)],
        )
        transaction.bump('consents')
        return over.length
      }),
  }
}
