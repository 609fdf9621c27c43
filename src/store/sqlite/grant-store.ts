import type { GrantRecord, GrantStore, TokenSlotKey } from '../../grants/ports.ts'
import { newId, type RandomBytes } from '../../kernel/index.ts'
import { isOver, refreshTokenPlace, asGrant, type GrantRow } from '../rows/grant-row.ts'
import { asSlot } from '../rows/slot-row.ts'
import type { Connection } from './connection.ts'
import { begin, commit, endFlight, fail, renewFlight } from './exchanges.ts'
import { bumpGeneration } from './generations.ts'
import { dueSql, earliestDueSql, listGrantRows } from './grant-listing.ts'
import { grantById, grantInStanding, intentOf, writtenGrant } from './grant-rows.ts'
import { eraseTokens, recordEvidence, setState, supersede } from './grant-state.ts'
import { markUnknown, renewIntent, withdrawIntent } from './refresh-journal.ts'
import type { Sealing } from './sealing.ts'
import { slotRow } from './slot-rows.ts'

/** Keeps grants, their token slots and the journal in SQLite; tokens are sealed for their cell. */
export function createGrantStore(
  connection: Connection,
  sealing: Sealing,
  random: RandomBytes,
): GrantStore {
  const { prepare, read } = connection

  /** Runs `work` on a grant as one transaction; nothing happens when there is no such grant. */
  const change = async <T>(id: string, work: (grant: GrantRow) => T): Promise<T | undefined> =>
    await connection.write(() => {
      const grant = grantById(connection, id)
      return grant === undefined ? undefined : work(grant)
    })

  const readRefreshToken = (grant: GrantRow): Uint8Array | undefined =>
    prepare<[number], { sealed: Uint8Array | null }>(
      'SELECT sealed_refresh_token AS sealed FROM grants WHERE sequence = ?',
    ).get(grant.sequence)?.sealed ?? undefined

  return {
    ensureGrant: async (address, now) => {
      const known = await read(() => grantInStanding(connection, 'current', address))
      if (known !== undefined) return asGrant(known)
      return await connection.write(() => {
        const existing = grantInStanding(connection, 'current', address)
        if (existing !== undefined) return asGrant(existing)
        const id = newId('grt', now, random)
        prepare(
          `INSERT INTO grants (id, connection, tenant, subject, standing, state, state_changed_at,
             created_at) VALUES (?, ?, ?, '', 'current', 'pending', ?, ?)`,
        ).run(id, address.connection, address.tenant, now, now)
        bumpGeneration(connection, 'grants')
        return writtenGrant(connection, id)
      })
    },

    findGrant: async (address) =>
      optional(await read(() => grantInStanding(connection, 'current', address))),

    getGrant: async (id) => optional(await read(() => grantById(connection, id))),

    listGrants: async (query) => (await read(() => listGrantRows(connection, query))).map(asGrant),

    readSlot: async (slot) => {
      const row = await read(() => slotRow(connection, slot))
      return row === undefined ? undefined : asSlot(row, slot, sealing)
    },

    viewForRenewal: async (slot) => {
      const seen = await read(() => {
        const grant = grantById(connection, slot.grantId)
        if (grant === undefined) return undefined
        const row = slotRow(connection, slot)
        const intent = intentOf(connection, grant.id, grant.refresh_version)
        return { grant, row, intent, sealed: readRefreshToken(grant) }
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

    beginExchange: async (claim) => await connection.write(() => begin(connection, claim)),

    commitExchange: async (success) =>
      await connection.write(() => commit(connection, sealing, success)),

    failExchange: async (failure) => {
      await connection.write(() => fail(connection, failure))
    },

    abandonExchange: async (slot: TokenSlotKey, attemptId) => {
      await connection.write(() => {
        endFlight(connection, slot, attemptId)
        withdrawIntent(connection, slot.grantId, attemptId)
        bumpGeneration(connection, 'slots')
      })
    },

    renewLease: async (slot, attemptId, leaseUntil) =>
      // No generation: a longer lease changes nothing that anyone waits for.
      await connection.write(() => {
        const isHeld = renewFlight(connection, slot, attemptId, leaseUntil)
        if (isHeld) renewIntent(connection, slot, attemptId, leaseUntil)
        return isHeld
      }),

    markRefreshUnknown: async (grantId, refreshVersion, now) => {
      await connection.write(() => {
        markUnknown(connection, grantId, refreshVersion, now)
        bumpGeneration(connection, 'slots')
      })
    },

    recordFailure: async (grantId, failure, { lapse }) => {
      await change(grantId, (grant) => {
        recordEvidence(connection, grant, failure)
        if (lapse && !isOver(grant)) setState(connection, grant, 'lapsed', failure.at)
        bumpGeneration(connection, 'slots')
      })
    },

    addCandidate: async (key, refreshToken, now) =>
      await connection.write(() => {
        const earlier = grantInStanding(connection, 'candidate', key)
        if (earlier !== undefined) supersede(connection, earlier)
        const id = newId('grt', now, random)
        prepare(
          `INSERT INTO grants (id, connection, tenant, subject, standing, state, state_changed_at,
             created_at, sealed_refresh_token, refresh_version, refresh_obtained_at,
             refresh_used_at, refresh_expires_at)
           VALUES (?, ?, ?, ?, 'candidate', 'pending', ?, ?, ?, 1, ?, ?, ?)`,
        ).run(
          id,
          key.connection,
          key.tenant,
          key.subject,
          now,
          now,
          sealing.seal(refreshToken.secret, refreshTokenPlace(id)),
          now,
          now,
          refreshToken.expiresAt ?? null,
        )
        bumpGeneration(connection, 'grants')
        return writtenGrant(connection, id)
      }),

    activateCandidate: async (grantId, subject, now) =>
      (await change(grantId, (candidate) => {
        if (candidate.standing !== 'candidate' || isOver(candidate)) return false
        const serving = grantInStanding(connection, 'current', candidate)
        if (serving !== undefined) supersede(connection, serving)
        prepare(
          `UPDATE grants SET standing = 'current', state = 'active', state_changed_at = ?,
             subject = ? WHERE sequence = ?`,
        ).run(now, subject, candidate.sequence)
        bumpGeneration(connection, 'grants')
        return true
      })) ?? false,

    discardCandidate: async (grantId, failure) => {
      await change(grantId, (candidate) => {
        if (candidate.standing !== 'candidate') return
        recordEvidence(connection, candidate, failure)
        supersede(connection, candidate)
      })
    },

    revokeGrant: async (grantId, now) => {
      await change(grantId, (grant) => {
        if (grant.state === 'revoked') return
        eraseTokens(connection, grant)
        setState(connection, grant, 'revoked', now)
      })
    },

    setGrantState: async (grantId, state, now) => {
      await change(grantId, (grant) => {
        if (grant.state === 'revoked' && state !== 'pending') return
        setState(connection, grant, state, now)
      })
    },

    scheduleKeepAlive: async (grantId, at) => {
      await change(grantId, ({ sequence }) => {
        prepare('UPDATE grants SET keep_alive_at = ? WHERE sequence = ?').run(at ?? null, sequence)
        bumpGeneration(connection, 'slots')
      })
    },

    earliestDue: async () =>
      (await read(() => prepare<[], { at: number | null }>(earliestDueSql).get()))?.at ?? undefined,

    takeDue: async (now, limit, leaseMs) => {
      const due = prepare<[number, number], GrantRow>(dueSql)
      // Looking first keeps a sweep that finds nothing from taking the write lock.
      if ((await read(() => due.get(now, 1))) === undefined) return []
      return await connection.write(() => {
        const leaseUntil = now + leaseMs
        const move = prepare('UPDATE grants SET keep_alive_at = ? WHERE sequence = ?')
        const taken = due.all(now, limit)
        for (const { sequence } of taken) move.run(leaseUntil, sequence)
        if (taken.length > 0) bumpGeneration(connection, 'slots')
        return taken.map((row) => asGrant({ ...row, keep_alive_at: leaseUntil }))
      })
    },
  }
}

function optional(row: GrantRow | undefined): GrantRecord | undefined {
  return row === undefined ? undefined : asGrant(row)
}
