import type {
  GrantFailure,
  GrantKey,
  GrantRecord,
  GrantState,
  GrantStore,
  TokenSlotKey,
  TokenSlotRecord,
} from '../../grants/ports.ts'
import { newId, type AccessToken, type RandomBytes } from '../../kernel/index.ts'
import type { SealPlace, Vault } from '../../vault/index.ts'
import type { Connection } from './connection.ts'
import { bumpGeneration } from './generations.ts'

interface GrantRow {
  readonly id: string
  readonly connection: string
  readonly tenant: string
  readonly subject: string
  readonly state: GrantState
  readonly state_changed_at: number
  readonly created_at: number
  readonly refresh_count: number
  readonly last_refreshed_at: number | null
  readonly last_failure: string | null
}

interface SlotRow {
  readonly version: number
  readonly sealed_token: Uint8Array | null
  readonly token_type: string | null
  readonly issued_at: number | null
  readonly expires_at: number | null
  readonly refresh_at: number | null
  readonly scope: string | null
  readonly claims: string | null
  readonly blocked_until: number | null
}

const selectGrant = 'SELECT * FROM grants WHERE connection = ? AND tenant = ? AND subject = ?'
const selectSlot =
  'SELECT * FROM token_slots WHERE grant_id = ? AND target = ? AND credential_version = ?'

/** Keeps grants and their token slots in SQLite; tokens are sealed for their slot. */
export function createGrantStore(
  connection: Connection,
  vault: Vault,
  random: RandomBytes,
): GrantStore {
  const { prepare, read, write } = connection
  const grantOf = (key: GrantKey): GrantRow | undefined =>
    prepare<string[], GrantRow>(selectGrant).get(key.connection, key.tenant, key.subject)
  const slotRow = (slot: TokenSlotKey): SlotRow | undefined =>
    prepare<string[], SlotRow>(selectSlot).get(slot.grantId, slot.target, slot.credentialVersion)
  const setState = (grantId: string, state: GrantState, now: number): void => {
    prepare('UPDATE grants SET state = ?, state_changed_at = ? WHERE id = ? AND state <> ?').run(
      state,
      now,
      grantId,
      state,
    )
  }

  return {
    ensureGrant: async (key, now) => {
      const known = await read(() => grantOf(key))
      if (known !== undefined) return asGrant(known)
      const row = await write(() => {
        const { changes } = prepare(
          `INSERT INTO grants (id, connection, tenant, subject, state, state_changed_at, created_at)
           VALUES (?, ?, ?, ?, 'pending', ?, ?) ON CONFLICT DO NOTHING`,
        ).run(newId('grt', now, random), key.connection, key.tenant, key.subject, now, now)
        if (changes > 0) bumpGeneration(connection, 'grants')
        return grantOf(key)
      })
      if (row === undefined) throw new Error('a grant that was just made is not there')
      return asGrant(row)
    },

    findGrant: async (key) => {
      const row = await read(() => grantOf(key))
      return row === undefined ? undefined : asGrant(row)
    },

    listGrants: async (query) => {
      const rows = await read(() =>
        prepare<unknown[], GrantRow>(
          `SELECT * FROM grants
           WHERE (@connection IS NULL OR connection = @connection) AND (@afterId IS NULL OR id < @afterId)
           ORDER BY id DESC LIMIT @limit`,
        ).all({
          connection: query.connection ?? null,
          afterId: query.afterId ?? null,
          limit: query.limit,
        }),
      )
      return rows.map(asGrant)
    },

    readSlot: async (slot) => {
      const row = await read(() => slotRow(slot))
      return row === undefined ? undefined : asSlot(row, slot, vault)
    },

    saveToken: async (slot, expectedVersion, token, { claims, now }) => {
      const sealed = vault.seal(token.secret, placeOf(slot))
      const outcome = await write(() => {
        const current = slotRow(slot)
        if ((current?.version ?? 0) !== expectedVersion) return current
        prepare(
          `INSERT INTO token_slots (grant_id, target, credential_version, version, sealed_token,
             token_type, issued_at, expires_at, refresh_at, scope, claims, updated_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET version = excluded.version,
             sealed_token = excluded.sealed_token, token_type = excluded.token_type,
             issued_at = excluded.issued_at, expires_at = excluded.expires_at,
             refresh_at = excluded.refresh_at, scope = excluded.scope, claims = excluded.claims,
             blocked_until = NULL, updated_at = excluded.updated_at`,
        ).run(
          slot.grantId,
          slot.target,
          slot.credentialVersion,
          expectedVersion + 1,
          sealed,
          token.tokenType,
          token.issuedAt,
          token.expiresAt,
          token.refreshAt ?? null,
          token.scope ?? null,
          claims ?? null,
          now,
        )
        setState(slot.grantId, 'active', now)
        prepare(
          'UPDATE grants SET refresh_count = refresh_count + 1, last_refreshed_at = ? WHERE id = ?',
        ).run(now, slot.grantId)
        bumpGeneration(connection, 'grants')
        bumpGeneration(connection, 'slots')
        return 'saved'
      })
      if (outcome === 'saved') return { saved: true, version: expectedVersion + 1 }
      return {
        saved: false,
        current: outcome === undefined ? { version: 0 } : asSlot(outcome, slot, vault),
      }
    },

    recordFailure: async (grantId, failure, { lapse }) => {
      await write(() => {
        prepare('UPDATE grants SET last_failure = ? WHERE id = ?').run(
          JSON.stringify(failure),
          grantId,
        )
        if (lapse) setState(grantId, 'lapsed', failure.at)
        bumpGeneration(connection, 'grants')
      })
    },

    blockSlot: async (slot, until, now) => {
      await write(() => {
        // Of two answers that arrive at once the longer one counts, unless it is longer than any
        // wait that is ever kept: then the clock was turned back since.
        prepare(
          `INSERT INTO token_slots
             (grant_id, target, credential_version, version, blocked_until, updated_at)
           VALUES (?, ?, ?, 0, ?, ?)
           ON CONFLICT DO UPDATE SET
             blocked_until = CASE WHEN blocked_until BETWEEN excluded.blocked_until AND ?
               THEN blocked_until ELSE excluded.blocked_until END,
             updated_at = excluded.updated_at`,
        ).run(slot.grantId, slot.target, slot.credentialVersion, until, now, now + longestBlockMs)
        bumpGeneration(connection, 'slots')
      })
    },
  }
}

/** The longest wait that the port lets anyone ask for (ms). */
const longestBlockMs = 3_600_000

/** The primary key as text, unambiguous whatever its parts hold. */
function placeOf(slot: TokenSlotKey): SealPlace {
  const row = JSON.stringify([slot.grantId, slot.target, slot.credentialVersion])
  return { table: 'token_slots', column: 'sealed_token', row }
}

function asGrant(row: GrantRow): GrantRecord {
  return {
    id: row.id,
    connection: row.connection,
    tenant: row.tenant,
    subject: row.subject,
    state: row.state,
    stateChangedAt: row.state_changed_at,
    createdAt: row.created_at,
    refreshCount: row.refresh_count,
    ...(row.last_refreshed_at === null ? {} : { lastRefreshedAt: row.last_refreshed_at }),
    ...(row.last_failure === null
      ? {}
      : { lastFailure: JSON.parse(row.last_failure) as GrantFailure }),
  }
}

function asSlot(row: SlotRow, slot: TokenSlotKey, vault: Vault): TokenSlotRecord {
  const token = asToken(row, slot, vault)
  return {
    version: row.version,
    ...(token === undefined ? {} : { token }),
    ...(row.claims === null ? {} : { claims: row.claims }),
    ...(row.blocked_until === null ? {} : { blockedUntil: row.blocked_until }),
  }
}

function asToken(row: SlotRow, slot: TokenSlotKey, vault: Vault): AccessToken | undefined {
  const { sealed_token: sealed, token_type: tokenType, issued_at, expires_at } = row
  if (sealed === null || tokenType === null || issued_at === null || expires_at === null) {
    return undefined
  }
  return {
    secret: vault.open(sealed, placeOf(slot)),
    tokenType,
    issuedAt: issued_at,
    expiresAt: expires_at,
    ...(row.refresh_at === null ? {} : { refreshAt: row.refresh_at }),
    ...(row.scope === null ? {} : { scope: row.scope }),
  }
}
