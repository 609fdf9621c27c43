import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SessionRecord } from '../../src/access/index.ts'
import { newId } from '../../src/kernel/index.ts'
import type { Store } from '../../src/store/index.ts'
import { tenantId, type MakeStore, type SharedStore } from './builders.ts'

/** A session that lives from 10 to 1,000. */
export function aSession(over: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: newId('ses', over.createdAt ?? 10),
    hash: crypto.randomUUID(),
    issuer: 'contoso',
    identity: '{}',
    createdAt: 10,
    expiresAt: 1_000,
    ...over,
  }
}

/** What every `SessionStore` does. */
export function describeSessionStore(kind: string, makeStore: MakeStore): void {
  describe(`sessions in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())

    const generation = async (): Promise<number> => (await two.readGenerations()).sessions
    const listed = async (now: number, after?: string, limit = 100): Promise<readonly string[]> =>
      (
        await two.sessions.listSessions({ limit, now, ...(after === undefined ? {} : { after }) })
      ).map(({ id }) => id)
    const account = { tenantId, kind: 'user', id: crypto.randomUUID() }

    it('are not known before they were added', async () => {
      expect(await two.sessions.findSession('none')).toBeUndefined()
      expect(await one.sessions.revokeSession(newId('ses', 1), 20)).toBe(false)
      expect(await one.sessions.revokeSessionsOf(account, 20)).toBe(0)
      expect(await generation()).toBe(0)
    })

    it('are read by other processes as they were added', async () => {
      const plain = aSession()
      const full = aSession({
        account,
        role: 'operator',
        identity: '{"name":"Zoë"}',
        revokedAt: 30,
      })
      for (const session of [plain, full]) {
        await one.sessions.addSession(session)
        expect(await two.sessions.findSession(session.hash)).toEqual(session)
      }
    })

    it('share no token', async () => {
      const session = aSession()
      await one.sessions.addSession(session)
      const other = two.sessions.addSession(aSession({ hash: session.hash }))
      await expect(other).rejects.toMatchObject({ code: 'internal' })
      expect(await two.sessions.findSession(session.hash)).toEqual(session)
    })

    it('are revoked once, which other processes notice', async () => {
      const session = aSession()
      await one.sessions.addSession(session)
      expect(await two.sessions.revokeSession(session.id, 20)).toBe(true)
      expect(await generation()).toBeGreaterThan(0)
      const after = await generation()
      expect(await one.sessions.revokeSession(session.id, 30)).toBe(false)
      expect(await generation()).toBe(after)
      expect((await one.sessions.findSession(session.hash))?.revokedAt).toBe(20)
    })

    it('are revoked with their account, and no others', async () => {
      const [first, second] = [aSession({ account }), aSession({ account })]
      const others = [
        aSession(),
        aSession({ account: { ...account, kind: 'servicePrincipal' } }),
        aSession({ account: { ...account, tenantId: crypto.randomUUID() } }),
      ]
      for (const session of [first, second, ...others]) await one.sessions.addSession(session)
      const upper = { ...account, id: account.id.toUpperCase() }
      expect(await two.sessions.revokeSessionsOf(upper, 20)).toBe(2)
      expect(await two.sessions.revokeSessionsOf(account, 30)).toBe(0)
      expect((await one.sessions.findSession(first.hash))?.revokedAt).toBe(20)
      for (const { hash } of others) {
        expect(await one.sessions.findSession(hash)).not.toHaveProperty('revokedAt')
      }
    })

    it('are listed while they live, the newest first', async () => {
      const sessions = [10, 20, 30, 40].map((createdAt) =>
        aSession({ createdAt, expiresAt: createdAt + 100 }),
      )
      for (const session of sessions) await one.sessions.addSession(session)
      const [a, b, c, d] = sessions.map(({ id }) => id)
      await one.sessions.revokeSession(b ?? '', 50)
      expect(await listed(60)).toEqual([d, c, a])
      expect(await listed(60, undefined, 2)).toEqual([d, c])
      expect(await listed(60, c)).toEqual([a])
      expect(await listed(110)).toEqual([d, c])
    })

    it('are swept once they ended, some at a time', async () => {
      const living = aSession({ expiresAt: 500 })
      const revoked = aSession({ expiresAt: 500 })
      const expired = aSession({ expiresAt: 100 })
      for (const session of [living, revoked, expired]) await one.sessions.addSession(session)
      await one.sessions.revokeSession(revoked.id, 120)
      expect(await two.sessions.sweepSessions(100, 10)).toBe(0)
      expect(await two.sessions.sweepSessions(200, 1)).toBe(1)
      expect(await one.sessions.findSession(expired.hash)).toBeUndefined()
      expect(await two.sessions.sweepSessions(200, 10)).toBe(1)
      expect(await one.sessions.findSession(revoked.hash)).toBeUndefined()
      expect(await one.sessions.findSession(living.hash)).toEqual(living)
    })
  })
}
