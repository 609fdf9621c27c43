import type { ConsentStore } from '../../consent/ports.ts'
import {
  asConsent,
  consentColumns,
  consentValues,
  hasComeBack,
  jsonOrNull,
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
    addConsent: async (session, verifier) =>
      await write(() => {
        prepare(
          `UPDATE consent_sessions
           SET state = 'cancelled', state_changed_at = ?, sealed_verifier = NULL
           WHERE connection = ? AND tenant = ? AND state = 'created' AND link_id IS ?`,
        ).run(session.createdAt, session.connection, session.tenant, session.linkId ?? null)
        bumpGeneration(connection, 'consents')
        if (prepare(hasComeBack('', '?')).get(session.linkId ?? null) !== undefined) return false
        const values = consentValues(session, Number)
        prepare(
          `INSERT INTO consent_sessions (${consentColumns}, sealed_verifier)
           VALUES (${values.map(() => '?').join(', ')}, ?)`,
        ).run(...values, sealing.seal(verifier, verifierPlace(session.id)))
        return true
      }),

    findConsentByState: async (stateHash) => {
      const row = await read(() =>
        prepare<[string], ConsentRow>(`${select} WHERE state_hash = ?`).get(stateHash),
      )
      return row === undefined ? undefined : asConsent(row)
    },

    findConsent: async (id) => {
      const row = await read(() => prepare<[string], ConsentRow>(`${select} WHERE id = ?`).get(id))
      return row === undefined ? undefined : asConsent(row)
    },

    listConsents: async ({ limit, connection: name, tenant, state, before }) => {
      const conditions = [
        ...(name === undefined ? [] : ['connection = @name']),
        ...(tenant === undefined ? [] : ['tenant = @tenant']),
        ...(state === undefined ? [] : ['state = @state']),
        ...(before === undefined ? [] : ['id < @before']),
      ]
      const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
      const rows = await read(() =>
        prepare<unknown[], ConsentRow>(`${select} ${where} ORDER BY id DESC LIMIT @limit`).all({
          limit,
          ...(name === undefined ? {} : { name }),
          ...(tenant === undefined ? {} : { tenant }),
          ...(state === undefined ? {} : { state }),
          ...(before === undefined ? {} : { before }),
        }),
      )
      return rows.map(asConsent)
    },

    newestConsent: async (name, tenant) => {
      const row = await read(() =>
        prepare<[string, string], ConsentRow>(
          `${select} WHERE connection = ? AND tenant = ? AND link_id IS NULL
           ORDER BY id DESC LIMIT 1`,
        ).get(name, tenant),
      )
      return row === undefined ? undefined : asConsent(row)
    },

    spendConsent: async (id, worker, now) =>
      await write(() => {
        const row = prepare<[string, number], { sealed: Uint8Array | null }>(
          `SELECT sealed_verifier AS sealed FROM consent_sessions
           WHERE id = ? AND state = 'created' AND expires_at > ?`,
        ).get(id, now)
        if (row?.sealed == null) return undefined
        const verifier = sealing.open(row.sealed, verifierPlace(id))
        prepare(
          `UPDATE consent_sessions
           SET state = 'code_received', state_changed_at = ?, worker = ?, sealed_verifier = NULL
           WHERE id = ?`,
        ).run(now, worker, id)
        bumpGeneration(connection, 'consents')
        return verifier
      }),

    noteConsent: async (id, { account, rungs }) =>
      await write(() => {
        const { changes } = prepare(
          `UPDATE consent_sessions SET account = coalesce(?, account), rungs = ?
           WHERE id = ? AND state IN ('code_received', 'verifying')`,
        ).run(jsonOrNull(account), JSON.stringify(rungs), id)
        if (changes > 0) bumpGeneration(connection, 'consents')
      }),

    moveConsent: async (id, { from, to, failure, rungs }, now) =>
      await write(() => {
        const { changes } = prepare(
          `UPDATE consent_sessions
           SET state = ?, state_changed_at = ?, failure = ?, rungs = coalesce(?, rungs),
             sealed_verifier = NULL
           WHERE id = ? AND state = ?`,
        ).run(to, now, jsonOrNull(failure), jsonOrNull(rungs), id, from)
        if (changes > 0) bumpGeneration(connection, 'consents')
        return changes > 0
      }),

    sweepConsents: async (before, limit) =>
      await write(() => {
        const { changes } = prepare(
          `DELETE FROM consent_sessions WHERE sequence IN (
             SELECT sequence FROM consent_sessions WHERE expires_at < ? AND link_id IS NULL
             ORDER BY expires_at LIMIT ?)`,
        ).run(before, limit)
        if (changes > 0) bumpGeneration(connection, 'consents')
        return changes
      }),
  }
}
