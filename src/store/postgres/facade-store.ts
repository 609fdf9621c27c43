import type { CodeRedemption, FacadeStore, FacadeToken } from '../../gateway/ports.ts'
import {
  accessTokensKept,
  asFacadeClient,
  asFacadeCode,
  asFoundToken,
  facadeClientColumns,
  facadeClientValues,
  foundTokenColumns,
  sweptAtOnce,
  usedCodeMemoryMs,
  type FacadeClientRow,
  type FacadeCodeRow,
  type FoundTokenRow,
} from '../rows/facade-row.ts'
import type { Connection, Transaction } from './connection.ts'

/** A page of clients; only living ones unless told otherwise. */
export function facadeClientsSql(query: {
  readonly hasConnection: boolean
  readonly withRevoked: boolean
}): string {
  return `SELECT * FROM evergrant.facade_clients WHERE (name, id) > ($1, $2)
    ${query.hasConnection ? 'AND connection = $4' : ''}
    ${query.withRevoked ? '' : 'AND revoked_at IS NULL'} ORDER BY name, id LIMIT $3`
}

/** Keeps clients of the façade and what they were given in PostgreSQL. */
export function createFacadeStore({ read, write }: Connection): FacadeStore {
  /** Changes something and tells the other processes when there was something to change. */
  const changing = async (sql: string, values: readonly unknown[]): Promise<boolean> =>
    await write(async (transaction) => {
      const changes = await transaction.run(sql, values)
      if (changes > 0) transaction.bump('facades')
      return changes > 0
    })

  return {
    addFacadeClient: async (client) =>
      await changing(
        `INSERT INTO evergrant.facade_clients (${facadeClientColumns})
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING`,
        facadeClientValues(client),
      ),

    findFacadeClient: async (nameOrId) => {
      const row = await read(
        async (reader) =>
          (await reader.row<FacadeClientRow>(
            'SELECT * FROM evergrant.facade_clients WHERE id = $1',
            [nameOrId],
          )) ??
          (await reader.row<FacadeClientRow>(
            'SELECT * FROM evergrant.facade_clients WHERE name = $1 AND revoked_at IS NULL',
            [nameOrId],
          )),
      )
      return row === undefined ? undefined : asFacadeClient(row)
    },

    listFacadeClients: async ({ limit, after, connection, withRevoked = false }) => {
      const sql = facadeClientsSql({ hasConnection: connection !== undefined, withRevoked })
      const values = [after?.name ?? '', after?.id ?? '', limit]
      const rows = await read(
        async (reader) =>
          await reader.rows<FacadeClientRow>(
            sql,
            connection === undefined ? values : [...values, connection],
          ),
      )
      return rows.map(asFacadeClient)
    },

    setFacadeSecret: async (id, secretHash) =>
      await changing(
        `UPDATE evergrant.facade_clients SET secret_hash = $2
         WHERE id = $1 AND revoked_at IS NULL`,
        [id, secretHash],
      ),

    approveFacadeClient: async (id, now) =>
      await changing(
        `UPDATE evergrant.facade_clients SET approved_at = $2
         WHERE id = $1 AND revoked_at IS NULL`,
        [id, now],
      ),

    revokeFacadeClient: async (id, now) =>
      await write(async (transaction) => {
        // Waits for whoever redeems a code at this moment; what they add is then erased, too.
        const changes = await transaction.run(
          `UPDATE evergrant.facade_clients SET revoked_at = $2
           WHERE id = $1 AND revoked_at IS NULL`,
          [id, now],
        )
        if (changes === 0) return false
        await transaction.run('DELETE FROM evergrant.facade_codes WHERE client_id = $1', [id])
        await transaction.run('DELETE FROM evergrant.facade_families WHERE client_id = $1', [id])
        transaction.bump('facades')
        return true
      }),

    countFacadeFamilies: async (clientId) => {
      const row = await read(
        async (reader) =>
          await reader.row<{ families: number }>(
            'SELECT count(*) AS families FROM evergrant.facade_families WHERE client_id = $1',
            [clientId],
          ),
      )
      return row?.families ?? 0
    },

    addFacadeCode: async (code, atMost, now) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `INSERT INTO evergrant.facade_codes (hash, client_id, redirect_uri, named_redirect_uri,
             challenge, scope, expires_at, over_at)
           SELECT $1, $2, $3, $4, $5, $6, $7, $7 WHERE $8 > (
             SELECT count(*) FROM evergrant.facade_codes
             WHERE client_id = $2 AND expires_at > $9 AND used_for IS NULL)`,
          [
            code.hash,
            code.clientId,
            code.redirectUri,
            code.namedRedirectUri,
            code.challenge ?? null,
            code.scope,
            code.expiresAt,
            atMost,
            now,
          ],
        )
        return changes > 0
      }),

    getFacadeCode: async (hash) => {
      const row = await read(
        async (reader) =>
          await reader.row<FacadeCodeRow>('SELECT * FROM evergrant.facade_codes WHERE hash = $1', [
            hash,
          ]),
      )
      return row === undefined ? undefined : asFacadeCode(row)
    },

    redeemFacadeCode: async ({ hash, family, tokens, approvedSince }) =>
      await write(async (transaction): Promise<CodeRedemption> => {
        // The client’s row first: two redemptions of one client take turns, and so does a revocation.
        const client = await transaction.row<FacadeClientRow>(
          `SELECT * FROM evergrant.facade_clients WHERE id = $1 AND revoked_at IS NULL
           FOR NO KEY UPDATE`,
          [family.clientId],
        )
        const code = await transaction.row<FacadeCodeRow>(
          'SELECT * FROM evergrant.facade_codes WHERE hash = $1 FOR NO KEY UPDATE',
          [hash],
        )
        if (client === undefined || code === undefined) return 'gone'
        if (code.used_for !== null) return 'used'
        if (approvedSince !== undefined) {
          if ((client.approved_at ?? -Infinity) <= approvedSince) return 'unapproved'
          await transaction.run(
            'UPDATE evergrant.facade_clients SET approved_at = NULL WHERE id = $1',
            [client.id],
          )
        }
        await transaction.run(
          'UPDATE evergrant.facade_codes SET used_for = $2, over_at = $3 WHERE hash = $1',
          [hash, family.id, code.expires_at + usedCodeMemoryMs],
        )
        await transaction.run(
          'INSERT INTO evergrant.facade_families VALUES ($1, $2, $3, $4, $5, $6, $7, $8)',
          [
            family.id,
            family.clientId,
            family.scope,
            family.createdAt,
            family.generation,
            family.rotatedAt,
            family.handedOut?.hash ?? null,
            family.handedOut?.at ?? null,
          ],
        )
        await addTokens(transaction, family.id, tokens)
        return 'redeemed'
      }),

    findFacadeToken: async (hash, now) => {
      const row = await read(
        async (reader) =>
          await reader.row<FoundTokenRow>(
            `SELECT ${foundTokenColumns} FROM evergrant.facade_tokens AS token
               JOIN evergrant.facade_families AS family ON family.id = token.family_id
               JOIN evergrant.facade_clients AS client ON client.id = family.client_id
             WHERE token.hash = $1 AND (token.over_at IS NULL OR token.over_at > $2)
               AND client.revoked_at IS NULL
             ORDER BY token.issued_at DESC LIMIT 1`,
            [hash, now],
          ),
      )
      return row === undefined ? undefined : asFoundToken(row)
    },

    issueFacadeTokens: async (issue, now) =>
      await write(async (transaction) => {
        const { familyId, expectedGeneration, generation, handedOut, tokens } = issue
        const hasRotated = generation !== expectedGeneration
        const changes = await transaction.run(
          `UPDATE evergrant.facade_families SET generation = $3,
             rotated_at = CASE WHEN $4 THEN $5 ELSE rotated_at END,
             handed_hash = coalesce($6, handed_hash), handed_at = coalesce($7, handed_at)
           WHERE id = $1 AND generation = $2`,
          [
            familyId,
            expectedGeneration,
            generation,
            hasRotated,
            now,
            handedOut?.hash ?? null,
            handedOut?.at ?? null,
          ],
        )
        if (changes === 0) return false
        if (hasRotated) {
          await transaction.run(
            `UPDATE evergrant.facade_tokens SET over_at = $2
             WHERE family_id = $1 AND kind = 'refresh' AND over_at IS NULL`,
            [familyId, issue.rememberUntil],
          )
        }
        await addTokens(transaction, familyId, tokens)
        await transaction.run(
          `DELETE FROM evergrant.facade_tokens
           WHERE family_id = $1 AND kind = 'access' AND issued_at < (
             SELECT issued_at FROM evergrant.facade_tokens
             WHERE family_id = $1 AND kind = 'access'
             ORDER BY issued_at DESC LIMIT 1 OFFSET ${accessTokensKept - 1})`,
          [familyId],
        )
        return true
      }),

    revokeFacadeFamily: async (id) =>
      await changing('DELETE FROM evergrant.facade_families WHERE id = $1', [id]),

    revokeFacadeToken: async (hash, familyId) => {
      await changing(
        `DELETE FROM evergrant.facade_tokens
         WHERE hash = $1 AND family_id = $2 AND kind = 'access'`,
        [hash, familyId],
      )
    },

    sweepFacade: async (now) =>
      await write(async (transaction) => {
        const codes = await transaction.run(
          `DELETE FROM evergrant.facade_codes WHERE hash IN (
             SELECT hash FROM evergrant.facade_codes WHERE over_at <= $1
             LIMIT ${sweptAtOnce} FOR UPDATE SKIP LOCKED)`,
          [now],
        )
        const tokens = await transaction.run(
          `DELETE FROM evergrant.facade_tokens WHERE (hash, family_id) IN (
             SELECT hash, family_id FROM evergrant.facade_tokens WHERE over_at <= $1
             LIMIT ${sweptAtOnce} FOR UPDATE SKIP LOCKED)`,
          [now],
        )
        return codes + tokens
      }),
  }
}

async function addTokens(
  transaction: Transaction,
  familyId: string,
  tokens: readonly FacadeToken[],
): Promise<void> {
  for (const { hash, kind, generation, issuedAt, expiresAt } of tokens) {
    await transaction.run(
      `INSERT INTO evergrant.facade_tokens (hash, family_id, kind, generation, issued_at, over_at)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (hash, family_id)
       DO UPDATE SET issued_at = excluded.issued_at, over_at = excluded.over_at`,
      [hash, familyId, kind, generation, issuedAt, expiresAt ?? null],
    )
  }
}
