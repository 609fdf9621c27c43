import type { GrantFailure, GrantRecord, GrantStore } from '../../grants/ports.ts'
import { newId, type RandomBytes } from '../../kernel/index.ts'
import {
  grantColumns,
  mayBeDue,
  isOver,
  refreshTokenPlace,
  asGrant,
  type GrantRow,
} from '../rows/grant-row.ts'
import { asSlot } from '../rows/slot-row.ts'
import type { Connection, Transaction } from './connection.ts'
import { StartOver } from './errors.ts'
import { begin, commit, endFlight, fail, renewFlight, slotRow } from './exchanges.ts'
import {
  currentGrant,
  grantById,
  intentOf,
  listGrantRows,
  lockAddress,
  lockGrant,
} from './grant-rows.ts'
import { eraseTokens, recordEvidence, setState, supersede } from './grant-state.ts'
import { markUnknown, renewIntent, withdrawIntent } from './refresh-journal.ts'
import type { Sealing } from './sealing.ts'

/** Keeps grants, their token slots and the journal in PostgreSQL; tokens are sealed for their cell. */
export function createGrantStore(
  connection: Connection,
  sealing: Sealing,
  random: RandomBytes,
): GrantStore {
  const { read, write } = connection

  /** Runs `work` on a locked grant as one transaction; nothing happens when there is no such grant. */
  const change = async <T>(
    id: string,
    work: (transaction: Transaction, grant: GrantRow) => Promise<T>,
  ): Promise<T | undefined> =>
    await write(async (transaction) => {
      const grant = await lockGrant(transaction, id)
      return grant === undefined ? undefined : await work(transaction, grant)
    })

  return {
    ensureGrant: async (address, now) => {
      const known = await read(async (reader) => await currentGrant(reader, address))
      if (known !== undefined) return asGrant(known)
      const id = newId('grt', now, random)
      return await write(async (transaction) => {
        const made = await transaction.row<GrantRow>(
          `INSERT INTO evergrant.grants (id, connection, tenant, subject, standing, state,
             state_changed_at, created_at)
           VALUES ($1, $2, $3, '', 'current', 'pending', $4, $4)
           ON CONFLICT (connection, tenant) WHERE standing = 'current' DO NOTHING
           RETURNING ${grantColumns}`,
          [id, address.connection, address.tenant, now],
        )
        if (made !== undefined) transaction.bump('grants')
        const row = made ?? (await currentGrant(transaction, address))
        if (row === undefined) throw new StartOver('the grant was superseded meanwhile')
        return asGrant(row)
      })
    },

    findGrant: async (address) =>
      optional(await read(async (reader) => await currentGrant(reader, address))),

    getGrant: async (id) => optional(await read(async (reader) => await grantById(reader, id))),

    listGrants: async (query) =>
      (await read(async (reader) => await listGrantRows(reader, query))).map(asGrant),

    readSlot: async (slot) => {
      const row = await read(async (reader) => await slotRow(reader, slot))
      return row === undefined ? undefined : asSlot(row, slot, sealing)
    },

    viewForRenewal: async (slot) => {
      const seen = await read(async (reader) => {
        const [grant, row, token, intent] = await Promise.all([
          grantById(reader, slot.grantId),
          slotRow(reader, slot),
          reader.row<{ sealed: Uint8Array | null }>(
            'SELECT sealed_refresh_token AS sealed FROM evergrant.grants WHERE id = $1',
            [slot.grantId],
          ),
          intentOf(reader, slot.grantId),
        ])
        if (grant === undefined) return undefined
        return { grant, row, intent, sealed: token?.sealed ?? undefined }
      })
      if (seen === undefined) return undefined
      const { grant, row, intent, sealed } = seen
      return {
        grant: asGrant(grant),
        ...(row === undefined ? {} : { slot: asSlot(row, slot, sealing) }),
        ...(sealed === undefined
          ? {}
          : { refreshToken: sealing.open(sealed, refreshTokenPlace(grant.id)) }),
        ...(intent === undefined ? {} : { intent }),
      }
    },

    beginExchange: async (claim) =>
      await write(async (transaction) => await begin(transaction, claim)),

    commitExchange: async (success) =>
      await write(async (transaction) => await commit(transaction, sealing, success)),

    failExchange: async (failure) => {
      await write(async (transaction) => await fail(transaction, failure))
    },

    abandonExchange: async (slot, attemptId) => {
      await change(slot.grantId, async (transaction) => {
        await endFlight(transaction, slot, attemptId)
        await withdrawIntent(transaction, slot.grantId, attemptId)
        transaction.bump('slots')
      })
    },

    renewLease: async (slot, attemptId, leaseUntil) =>
      // No generation: a longer lease changes nothing that anyone waits for.
      (await change(slot.grantId, async (transaction) => {
        const isHeld = await renewFlight(transaction, slot, attemptId, leaseUntil)
        if (isHeld) await renewIntent(transaction, slot.grantId, attemptId, leaseUntil)
        return isHeld
      })) ?? false,

    markRefreshUnknown: async (grantId, refreshVersion, now) => {
      await change(grantId, async (transaction) => {
        await markUnknown(transaction, grantId, refreshVersion, now)
        transaction.bump('slots')
      })
    },

    recordFailure: async (grantId, failure, { lapse }) => {
      await change(grantId, async (transaction, grant) => {
        await recordEvidence(transaction, grant, failure)
        if (lapse && !isOver(grant)) await setState(transaction, grant, 'lapsed', failure.at)
        transaction.bump('slots')
      })
    },

    addCandidate: async (key, refreshToken, now) => {
      const id = newId('grt', now, random)
      return await write(async (transaction) => {
        const seal = await sealing.within(transaction)
        const there = await lockAddress(transaction, key)
        const earlier = there.find(({ standing }) => standing === 'candidate')
        if (earlier !== undefined) await supersede(transaction, earlier)
        const made = await transaction.row<GrantRow>(
          `INSERT INTO evergrant.grants (id, connection, tenant, subject, standing, state,
             state_changed_at, created_at, sealed_refresh_token, refresh_version,
             refresh_obtained_at, refresh_used_at, refresh_expires_at)
           VALUES ($1, $2, $3, $4, 'candidate', 'pending', $5, $5, $6, 1, $5, $5, $7)
           ON CONFLICT (connection, tenant) WHERE standing = 'candidate' DO NOTHING
           RETURNING ${grantColumns}`,
          [
            id,
            key.connection,
            key.tenant,
            key.subject,
            now,
            seal(refreshToken.secret, refreshTokenPlace(id)),
            refreshToken.expiresAt ?? null,
          ],
        )
        if (made === undefined) throw new StartOver('another candidate came at the same time')
        transaction.bump('grants')
        return asGrant(made)
      })
    },

    activateCandidate: async (grantId, subject, now) =>
      await write(async (transaction) => {
        const seen = await grantById(transaction, grantId)
        if (seen === undefined) return false
        const there = await lockAddress(transaction, seen)
        const candidate = there.find(({ id }) => id === grantId)
        if (candidate?.standing !== 'candidate' || isOver(candidate)) return false
        const serving = there.find(({ standing }) => standing === 'current')
        if (serving !== undefined) await supersede(transaction, serving)
        await transaction.run(
          `UPDATE evergrant.grants SET standing = 'current', state = 'active',
             state_changed_at = $2, subject = $3 WHERE id = $1`,
          [grantId, now, subject],
        )
        transaction.bump('grants')
        return true
      }),

    discardCandidate: async (grantId, failure: GrantFailure) => {
      await change(grantId, async (transaction, candidate) => {
        if (candidate.standing !== 'candidate') return
        await recordEvidence(transaction, candidate, failure)
        await supersede(transaction, candidate)
      })
    },

    revokeGrant: async (grantId, now) => {
      await change(grantId, async (transaction, grant) => {
        if (grant.state === 'revoked') return
        await eraseTokens(transaction, grant)
        await setState(transaction, grant, 'revoked', now)
      })
    },

    setGrantState: async (grantId, state, now) => {
      await change(grantId, async (transaction, grant) => {
        if (grant.state === 'revoked' && state !== 'pending') return
        await setState(transaction, grant, state, now)
      })
    },

    scheduleKeepAlive: async (grantId, at) => {
      await change(grantId, async (transaction) => {
        await transaction.run('UPDATE evergrant.grants SET keep_alive_at = $2 WHERE id = $1', [
          grantId,
          at ?? null,
        ])
        transaction.bump('slots')
      })
    },

    earliestDue: async () => {
      const row = await read(
        async (reader) =>
          await reader.row<{ at: number | null }>(
            `SELECT min(keep_alive_at) AS at FROM evergrant.grants WHERE ${mayBeDue}`,
          ),
      )
      return row?.at ?? undefined
    },

    takeDue: async (now, limit, leaseMs) => {
      const dueSql = `SELECT id, keep_alive_at AS was_due FROM evergrant.grants
        WHERE ${mayBeDue} AND keep_alive_at <= $1 ORDER BY keep_alive_at LIMIT $2`
      // Looking first keeps a sweep that finds nothing from beginning a write.
      const some = await read(async (reader) => await reader.row(dueSql, [now, 1]))
      if (some === undefined) return []
      const taken = await write(async (transaction) => {
        // Whoever comes at the same time takes the next ones instead of waiting for these.
        const rows = await transaction.rows<GrantRow & { readonly was_due: number }>(
          `WITH due AS MATERIALIZED (${dueSql} FOR NO KEY UPDATE SKIP LOCKED)
           UPDATE evergrant.grants SET keep_alive_at = $3 FROM due WHERE grants.id = due.id
           RETURNING due.was_due, ${grantColumns.replace('id,', 'grants.id,')}`,
          [now, limit, now + leaseMs],
        )
        if (rows.length > 0) transaction.bump('slots')
        return rows
      })
      return taken.toSorted((a, b) => a.was_due - b.was_due).map(asGrant)
    },
  }
}

function optional(row: GrantRow | undefined): GrantRecord | undefined {
  return row === undefined ? undefined : asGrant(row)
}
