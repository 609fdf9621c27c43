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
import type { Connection } from './connection.ts'
import { bumpGeneration } from './generations.ts'

/** A page of clients; only living ones unless told otherwise. */
export function facadeClientsSql(query: {
  readonly hasConnection: boolean
  readonly withRevoked: boolean
}): string {
  return `SELECT * FROM facade_clients WHERE (name, id) > (?, ?)
    ${query.hasConnection ? 'AND connection = ?' : ''}
    ${query.withRevoked ? '' : 'AND revoked_at IS NULL'} ORDER BY name, id LIMIT ?`
}

/** Keeps clients of the façade and what they were given in SQLite. */
export function createFacadeStore(connection: Connection): FacadeStore {
  const { prepare, read, write } = connection
  const bump = (): void => bumpGeneration(connection, 'facades')
  /** Changes something and tells the other processes when there was something to change. */
  const changing = async (sql: string, ...values: readonly unknown[]): Promise<boolean> =>
    await write(() => {
      const { changes } = prepare(sql).run(...values)
      if (changes > 0) bump()
      return changes > 0
    })
  const livingRow = (id: string): FacadeClientRow | undefined =>
    prepare<[string], FacadeClientRow>(
      'SELECT * FROM facade_clients WHERE id = ? AND revoked_at IS NULL',
    ).get(id)
  const addTokens = (familyId: string, tokens: readonly FacadeToken[]): void => {
    for (const { hash, kind, generation, issuedAt, expiresAt } of tokens) {
      prepare(
        `INSERT INTO facade_tokens (hash, family_id, kind, generation, issued_at, over_at)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET issued_at = excluded.issued_at, over_at = excluded.over_at`,
      ).run(hash, familyId, kind, generation, issuedAt, expiresAt ?? null)
    }
  }

  return {
    addFacadeClient: async (client) =>
      await changing(
        `INSERT INTO facade_clients (${facadeClientColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING`,
        ...facadeClientValues(client),
      ),

    findFacadeClient: async (nameOrId) => {
      const row = await read(
        () =>
          prepare<[string], FacadeClientRow>('SELECT * FROM facade_clients WHERE id = ?').get(
            nameOrId,
          ) ??
          prepare<[string], FacadeClientRow>(
            'SELECT * FROM facade_clients WHERE name = ? AND revoked_at IS NULL',
          ).get(nameOrId),
      )
      return row === undefined ? undefined : asFacadeClient(row)
    },

    listFacadeClients: async ({ limit, after, connection: name, withRevoked = false }) => {
      const sql = facadeClientsSql({ hasConnection: name !== undefined, withRevoked })
      const values = [after?.name ?? '', after?.id ?? '', ...(name === undefined ? [] : [name])]
      const rows = await read(() => prepare<unknown[], FacadeClientRow>(sql).all(...values, limit))
      return rows.map(asFacadeClient)
    },

    setFacadeSecret: async (id, secretHash) =>
      await changing(
        'UPDATE facade_clients SET secret_hash = ? WHERE id = ? AND revoked_at IS NULL',
        secretHash,
        id,
      ),

    approveFacadeClient: async (id, now) =>
      await changing(
        'UPDATE facade_clients SET approved_at = ? WHERE id = ? AND revoked_at IS NULL',
        now,
        id,
      ),

    revokeFacadeClient: async (id, now) =>
      await write(() => {
        const { changes } = prepare(
          'UPDATE facade_clients SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL',
        ).run(now, id)
        if (changes === 0) return false
        prepare('DELETE FROM facade_codes WHERE client_id = ?').run(id)
        prepare('DELETE FROM facade_families WHERE client_id = ?').run(id)
        bump()
        return true
      }),

    countFacadeFamilies: async (clientId) => {
      const row = await read(() =>
        prepare<[string], { families: number }>(
          'SELECT count(*) AS families FROM facade_families WHERE client_id = ?',
        ).get(clientId),
      )
      return row?.families ?? 0
    },

    addFacadeCode: async (code, atMost, now) =>
      await write(() => {
        const { changes } = prepare(
          `INSERT INTO facade_codes (hash, client_id, redirect_uri, named_redirect_uri, challenge,
             scope, expires_at, over_at)
           SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE ? > (
             SELECT count(*) FROM facade_codes
             WHERE client_id = ? AND expires_at > ? AND used_for IS NULL)`,
        ).run(
          code.hash,
          code.clientId,
          code.redirectUri,
          code.namedRedirectUri ? 1 : 0,
          code.challenge ?? null,
          code.scope,
          code.expiresAt,
          code.expiresAt,
          atMost,
          code.clientId,
          now,
        )
        return changes > 0
      }),

    getFacadeCode: async (hash) => {
      const row = await read(() =>
        prepare<[string], FacadeCodeRow>('SELECT * FROM facade_codes WHERE hash = ?').get(hash),
      )
      return row === undefined ? undefined : asFacadeCode(row)
    },

    redeemFacadeCode: async ({ hash, family, tokens, approvedSince }) =>
      await write((): CodeRedemption => {
        const client = livingRow(family.clientId)
        const code = prepare<[string], FacadeCodeRow>(
          'SELECT * FROM facade_codes WHERE hash = ?',
        ).get(hash)
        if (client === undefined || code === undefined) return 'gone'
        if (code.used_for !== null) return 'used'
        if (approvedSince !== undefined) {
          if ((client.approved_at ?? -Infinity) <= approvedSince) return 'unapproved'
          prepare('UPDATE facade_clients SET approved_at = NULL WHERE id = ?').run(client.id)
        }
        prepare('UPDATE facade_codes SET used_for = ?, over_at = ? WHERE hash = ?').run(
          family.id,
          code.expires_at + usedCodeMemoryMs,
          hash,
        )
        prepare('INSERT INTO facade_families VALUES (?, ?, ?, ?, ?, ?, ?, ?)').run(
          family.id,
          family.clientId,
          family.scope,
          family.createdAt,
          family.generation,
          family.rotatedAt,
          family.handedOut?.hash ?? null,
          family.handedOut?.at ?? null,
        )
        addTokens(family.id, tokens)
        return 'redeemed'
      }),

    findFacadeToken: async (hash, now) => {
      const row = await read(() =>
        prepare<[string, number], FoundTokenRow>(
          `SELECT ${foundTokenColumns} FROM facade_tokens AS token
             JOIN facade_families AS family ON family.id = token.family_id
             JOIN facade_clients AS client ON client.id = family.client_id
           WHERE token.hash = ? AND (token.over_at IS NULL OR token.over_at > ?)
             AND client.revoked_at IS NULL
           ORDER BY token.issued_at DESC LIMIT 1`,
        ).get(hash, now),
      )
      return row === undefined ? undefined : asFoundToken(row)
    },

    issueFacadeTokens: async (issue, now) =>
      await write(() => {
        const { familyId, expectedGeneration, generation, handedOut, tokens } = issue
        const hasRotated = generation !== expectedGeneration
        const { changes } = prepare(
          `UPDATE facade_families SET generation = ?, rotated_at = iif(?, ?, rotated_at),
             handed_hash = coalesce(?, handed_hash), handed_at = coalesce(?, handed_at)
           WHERE id = ? AND generation = ?`,
        ).run(
          generation,
          hasRotated ? 1 : 0,
          now,
          handedOut?.hash ?? null,
          handedOut?.at ?? null,
          familyId,
          expectedGeneration,
        )
        if (changes === 0) return false
        if (hasRotated) {
          prepare(
            `UPDATE facade_tokens SET over_at = ?
             WHERE family_id = ? AND kind = 'refresh' AND over_at IS NULL`,
          ).run(issue.rememberUntil, familyId)
        }
        addTokens(familyId, tokens)
        prepare(
          `DELETE FROM facade_tokens WHERE family_id = ? AND kind = 'access' AND issued_at < (
             SELECT issued_at FROM facade_tokens WHERE family_id = ? AND kind = 'access'
             ORDER BY issued_at DESC LIMIT 1 OFFSET ${accessTokensKept - 1})`,
        ).run(familyId, familyId)
        return true
      }),

    revokeFacadeFamily: async (id) =>
      await changing('DELETE FROM facade_families WHERE id = ?', id),

    revokeFacadeToken: async (hash, familyId) => {
      await changing(
        `DELETE FROM facade_tokens WHERE hash = ? AND family_id = ? AND kind = 'access'`,
        hash,
        familyId,
      )
    },

    sweepFacade: async (now) =>
      await write(() => {
        const codes = prepare(
          `DELETE FROM facade_codes WHERE hash IN (
             SELECT hash FROM facade_codes WHERE over_at <= ? LIMIT ${sweptAtOnce})`,
        ).run(now)
        const tokens = prepare(
          `DELETE FROM facade_tokens WHERE (hash, family_id) IN (
             SELECT hash, family_id FROM facade_tokens WHERE over_at <= ? LIMIT ${sweptAtOnce})`,
        ).run(now)
        return codes.changes + tokens.changes
      }),
  }
}
