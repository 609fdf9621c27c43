import type { ConsentStore } from '../../consent/ports.ts'
import {
  asConsent,
  consentColumns,
  consentValues,
  verifierPlace,
  type ConsentRow,
} from '../rows/consent-row.ts'
import type { Connection } from './connection.ts'
import { bumpGeneration } from './generations.ts'
import type { Sealing } from './sealing.ts'

/** Keeps consent sessions in SQLite. */
export function createConsentStore(connection: Connection, sealing: Sealing): ConsentStore {
  const { prepare, read, write } = connection
  const select = `SELECT ${consentColumns} FROM consent_sessions`

  return {
    addConsent: async (session, verifier) => {
      await write(() => {
        prepare(
          `UPDATE consent_sessions
           SET state = 'cancelled', state_changed_at = ?, sealed_verifier = NULL
           WHERE connection = ? AND tenant = ? AND state = 'created'`,
        ).run(session.createdAt, session.connection, session.tenant)
        const values = consentValues(session)
        prepare(
          `INSERT INTO consent_sessions (${consentColumns}, sealed_verifier)
           VALUES (${values.map(() => '?').join(', ')}, ?)`,
        ).run(...values, sealing.seal(verifier, verifierPlace(session.id)))
        bumpGeneration(connection, 'consents')
      })
    },

    findConsentByState: async (stateHash) => {
      const row = await read(() =>
        prepare<[string], ConsentRow>(`${select} WHERE state_hash = ?`).get(stateHash),
      )
      return row === undefined ? undefined : asConsent(row)
    },

    newestConsent: async (name, tenant) => {
      const row = await read(() =>
        prepare<[string, string], ConsentRow>(
          `${select} WHERE connection = ? AND tenant = ? ORDER BY id DESC LIMIT 1`,
        ).get(name, tenant),
      )
      return row === undefined ? undefined : asConsent(row)
    },

    spendConsent: async (id, now) =>
      await write(() => {
        const row = prepare<[string, number], { sealed: Uint8Array | null }>(
          `SELECT sealed_verifier AS sealed FROM consent_sessions
           WHERE id = ? AND state = 'created' AND expires_at > ?`,
        ).get(id, now)
        if (row?.sealed == null) return undefined
        const verifier = sealing.open(row.sealed, verifierPlace(id))
        prepare(
          `UPDATE consent_sessions
           SET state = 'code_received', state_changed_at = ?, sealed_verifier = NULL WHERE id = ?`,
        ).run(now, id)
        bumpGeneration(connection, 'consents')
        return verifier
      }),

    moveConsent: async (id, { from, to, failure }, now) =>
      await write(() => {
        const { changes } = prepare(
          `UPDATE consent_sessions
           SET state = ?, state_changed_at = ?, failure = ?, sealed_verifier = NULL
           WHERE id = ? AND state = ?`,
        ).run(to, now, failure === undefined ? null : JSON.stringify(failure), id, from)
        if (changes > 0) bumpGeneration(connection, 'consents')
        return changes > 0
      }),

    sweepConsents: async (before, limit) =>
      await write(() => {
        const { changes } = prepare(
          `DELETE FROM consent_sessions WHERE sequence IN (
             SELECT sequence FROM consent_sessions WHERE expires_at < ?
             ORDER BY expires_at LIMIT ?)`,
        ).run(before, limit)
        if (changes > 0) bumpGeneration(connection, 'consents')
        return changes
      }),
  }
}
