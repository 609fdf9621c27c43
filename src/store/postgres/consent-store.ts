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
import type { Sealing } from './sealing.ts'

/** Keeps consent sessions in PostgreSQL. */
export function createConsentStore({ read, write }: Connection, sealing: Sealing): ConsentStore {
  const select = `SELECT ${consentColumns} FROM evergrant.consent_sessions`

  return {
    addConsent: async (session, verifier) => {
      const { connection, tenant, createdAt } = session
      return await write(async (transaction) => {
        const seal = await sealing.within(transaction)
        // Two sign-ins begun at once take turns, so that one of them is waited for.
        await transaction.row(
          `SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 1163085940))`,
          [connection, tenant],
        )
        await transaction.run(
          `UPDATE evergrant.consent_sessions
           SET state = 'cancelled', state_changed_at = $3, sealed_verifier = NULL
           WHERE connection = $1 AND tenant = $2 AND state = 'created'
             AND link_id IS NOT DISTINCT FROM $4`,
          [connection, tenant, createdAt, session.linkId ?? null],
        )
        transaction.bump('consents')
        const linkId = session.linkId ?? null
        const back = await transaction.row(hasComeBack('evergrant.', '$1'), [linkId])
        if (back !== undefined) return false
        const values = [
          ...consentValues(session, Boolean),
          seal(verifier, verifierPlace(session.id)),
        ]
        const parameters = values.map((_, at) => `$${at + 1}`).join(', ')
        await transaction.run(
          `INSERT INTO evergrant.consent_sessions (${consentColumns}, sealed_verifier)
           VALUES (${parameters})`,
          values,
        )
        return true
      })
    },

    findConsentByState: async (stateHash) => {
      const row = await read(
        async (reader) =>
          await reader.row<ConsentRow>(`${select} WHERE state_hash = $1`, [stateHash]),
      )
      return row === undefined ? undefined : asConsent(row)
    },

    findConsent: async (id) => {
      const row = await read(
        async (reader) => await reader.row<ConsentRow>(`${select} WHERE id = $1`, [id]),
      )
      return row === undefined ? undefined : asConsent(row)
    },

    listConsents: async ({ limit, connection, tenant, state, before }) => {
      const rows = await read(
        async (reader) =>
          await reader.rows<ConsentRow>(
            `${select}
             WHERE ($2::text IS NULL OR connection = $2) AND ($3::text IS NULL OR tenant = $3)
               AND ($4::text IS NULL OR state = $4) AND ($5::text IS NULL OR id < $5)
             ORDER BY id DESC LIMIT $1`,
            [limit, connection ?? null, tenant ?? null, state ?? null, before ?? null],
          ),
      )
      return rows.map(asConsent)
    },

    newestConsent: async (connection, tenant) => {
      const row = await read(
        async (reader) =>
          await reader.row<ConsentRow>(
            `${select} WHERE connection = $1 AND tenant = $2 AND link_id IS NULL
             ORDER BY id DESC LIMIT 1`,
            [connection, tenant],
          ),
      )
      return row === undefined ? undefined : asConsent(row)
    },

    spendConsent: async (id, worker, now) =>
      await write(async (transaction) => {
        const row = await transaction.row<{ sealed: Uint8Array | null }>(
          `SELECT sealed_verifier AS sealed FROM evergrant.consent_sessions
           WHERE id = $1 AND state = 'created' AND expires_at > $2 FOR NO KEY UPDATE`,
          [id, now],
        )
        if (row?.sealed == null) return undefined
        const verifier = sealing.open(row.sealed, verifierPlace(id))
        await transaction.run(
          `UPDATE evergrant.consent_sessions
           SET state = 'code_received', state_changed_at = $2, worker = $3, sealed_verifier = NULL
           WHERE id = $1`,
          [id, now, worker],
        )
        transaction.bump('consents')
        return verifier
      }),

    noteConsent: async (id, { account, rungs }) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `UPDATE evergrant.consent_sessions SET account = coalesce($2, account), rungs = $3
           WHERE id = $1 AND state IN ('code_received', 'verifying')`,
          [id, jsonOrNull(account), JSON.stringify(rungs)],
        )
        if (changes > 0) transaction.bump('consents')
      }),

    moveConsent: async (id, { from, to, failure, rungs }, now) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `UPDATE evergrant.consent_sessions
           SET state = $3, state_changed_at = $4, failure = $5, rungs = coalesce($6, rungs),
             sealed_verifier = NULL
           WHERE id = $1 AND state = $2`,
          [id, from, to, now, jsonOrNull(failure), jsonOrNull(rungs)],
        )
        if (changes > 0) transaction.bump('consents')
        return changes > 0
      }),

    sweepConsents: async (before, limit) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `DELETE FROM evergrant.consent_sessions WHERE id IN (
             SELECT id FROM evergrant.consent_sessions WHERE expires_at < $1 AND link_id IS NULL
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
          [before, limit],
        )
        if (changes > 0) transaction.bump('consents')
        return changes
      }),
  }
}
