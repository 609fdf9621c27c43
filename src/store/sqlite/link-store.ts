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
import { bumpGeneration } from './generations.ts'

/** Keeps hand-off links in SQLite. */
export function createLinkStore(connection: Connection): LinkStore {
  const { prepare, read, write } = connection
  const select = `SELECT ${linkColumns} FROM consent_links AS link ${joinNewest('')}`
  const find = async (condition: string, value: string) => {
    const row = await read(() =>
      prepare<[string], LinkRow>(`${select} WHERE ${condition}`).get(value),
    )
    return row === undefined ? undefined : asLink(row)
  }
  const changed = (changes: number): boolean => {
    if (changes > 0) bumpGeneration(connection, 'consents')
    return changes > 0
  }

  return {
    addLink: async (link) => {
      const values = linkValues(link, Number)
      await write(() => {
        prepare(
          `INSERT INTO consent_links (${newLinkColumns})
           VALUES (${values.map(() => '?').join(', ')})`,
        ).run(...values)
        bumpGeneration(connection, 'consents')
      })
    },

    findLink: (id) => find('link.id = ?', id),
    findLinkByToken: (tokenHash) => find('link.token_hash = ?', tokenHash),

    listLinks: async ({ limit, connection: name, isOpen, before }, now) => {
      const conditions = [
        ...(name === undefined ? [] : ['link.connection = @name']),
        ...(isOpen === undefined ? [] : [`${isOpen ? '' : 'NOT '}${isOpenLink('@now')}`]),
        ...(before === undefined ? [] : ['link.id < @before']),
      ]
      const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
      const rows = await read(() =>
        prepare<unknown[], LinkRow>(`${select} ${where} ORDER BY link.id DESC LIMIT @limit`).all({
          limit,
          ...(name === undefined ? {} : { name }),
          ...(isOpen === undefined ? {} : { now }),
          ...(before === undefined ? {} : { before }),
        }),
      )
      return rows.map(asLink)
    },

    openLink: async (id, now) =>
      await write(() =>
        changed(
          prepare('UPDATE consent_links SET opened_at = ? WHERE id = ? AND opened_at IS NULL').run(
            now,
            id,
          ).changes,
        ),
      ),

    bindLink: async (id, browserHash, now) =>
      await write(() =>
        changed(
          prepare(
            `UPDATE consent_links SET browser_hash = @browserHash
             WHERE id = @id AND (browser_hash IS NULL OR browser_hash = @browserHash)
               AND revoked_at IS NULL AND expires_at > @now`,
          ).run({ id, browserHash, now }).changes,
        ),
      ),

    revokeLink: async (id, now) =>
      await write(() => {
        const { changes } = prepare(
          'UPDATE consent_links SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL',
        ).run(now, id)
        prepare(
          `UPDATE consent_sessions
           SET state = 'cancelled', state_changed_at = ?, sealed_verifier = NULL
           WHERE link_id = ? AND state = 'created'`,
        ).run(now, id)
        return changed(changes)
      }),

    sweepLinks: async (before, limit) =>
      await write(() => {
        const over = prepare<[number, number], { id: string }>(
          'SELECT id FROM consent_links WHERE expires_at < ? ORDER BY expires_at LIMIT ?',
        ).all(before, limit)
        for (const { id } of over) {
          prepare('DELETE FROM consent_sessions WHERE link_id = ?').run(id)
          prepare('DELETE FROM consent_links WHERE id = ?').run(id)
        }
        changed(over.length)
        return over.length
      }),
  }
}
