import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type {
  ConsoleLinkRecord,
  ConsoleSessionRecord,
  ConsoleSignInRecord,
} from '../../src/access/index.ts'
import { newId } from '../../src/kernel/index.ts'
import type { Store } from '../../src/store/index.ts'
import type { MakeStore, SharedStore } from './builders.ts'

/** A session that a link began, living from 10 to 1,000. */
function aConsoleSession(over: Partial<ConsoleSessionRecord> = {}): ConsoleSessionRecord {
  const createdAt = over.createdAt ?? 10
  return {
    id: newId('cse', createdAt),
    hash: crypto.randomUUID(),
    callerId: 'cln_1',
    name: 'Zoë',
    role: 'admin',
    ...(over.issuer === undefined ? { linkId: 'cln_1' } : {}),
    createdAt,
    usedAt: createdAt,
    expiresAt: 1_000,
    ...over,
  }
}

function aLink(over: Partial<ConsoleLinkRecord> = {}): ConsoleLinkRecord {
  return {
    id: newId('cln', 10),
    hash: crypto.randomUUID(),
    name: 'admin link',
    role: 'viewer',
    createdBy: 'ops',
    createdAt: 10,
    expiresAt: 100,
    ...over,
  }
}

function aSignIn(over: Partial<ConsoleSignInRecord> = {}): ConsoleSignInRecord {
  const hash = crypto.randomUUID()
  return { hash, salt: 's', issuer: 'lab', returnTo: '/console/', expiresAt: 100, ...over }
}

/** What every `ConsoleStore` does. */
export function describeConsoleStore(kind: string, makeStore: MakeStore): void {
  describe(`the console in ${kind}`, () => {
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

    it('knows nobody before somebody signed in', async () => {
      expect(await two.console.findSession('none')).toBeUndefined()
      expect(await two.console.findLink('none')).toBeUndefined()
      expect(await two.console.findSignIn('none')).toBeUndefined()
      expect(await two.console.takeSignIn('none')).toBe(false)
      expect(await two.console.spendLink('none', aConsoleSession())).toBe(false)
      expect(await two.console.revokeSession('none', 1)).toBe(false)
      expect(await two.console.hasBegun()).toBe(false)
      expect(await generation()).toBe(0)
    })

    it('reads elsewhere what was added', async () => {
      const session = aConsoleSession()
      const told = aConsoleSession({ issuer: 'lab', identity: '{}', revokedAt: 30 })
      for (const each of [session, told]) {
        await one.console.addSession(each)
        expect(await two.console.findSession(each.hash)).toEqual(each)
      }
      const link = aLink()
      await one.console.addLink(link)
      expect(await two.console.findLink(link.hash)).toEqual(link)
      const signIn = aSignIn({ tenant: 't' })
      await one.console.addSignIn(signIn)
      expect(await two.console.findSignIn(signIn.hash)).toEqual(signIn)
      expect(await two.console.hasBegun()).toBe(true)
    })

    it('keeps no session that is of nobody, or of an issuer and a link', async () => {
      const { linkId: _, ...nobody } = aConsoleSession()
      const both = aConsoleSession({ issuer: 'lab', identity: '{}', linkId: 'cln_1' })
      for (const each of [nobody, both]) {
        await expect(one.console.addSession(each)).rejects.toMatchObject({ code: 'internal' })
      }
    })

    it('notes uses, and no earlier one', async () => {
      const session = aConsoleSession()
      await one.console.addSession(session)
      await one.console.useSession(session.id, 50)
      await two.console.useSession(session.id, 40)
      expect((await two.console.findSession(session.hash))?.usedAt).toBe(50)
      expect(await generation()).toBe(0)
    })

    it('ends a session once, which others notice', async () => {
      const session = aConsoleSession()
      await one.console.addSession(session)
      expect(await one.console.revokeSession(session.id, 20)).toBe(true)
      expect(await two.console.revokeSession(session.id, 30)).toBe(false)
      expect((await two.console.findSession(session.hash))?.revokedAt).toBe(20)
      expect(await generation()).toBeGreaterThan(0)
    })

    it('lists sessions that live and are used, the newest first, page by page', async () => {
      const [old, young, idle, over, ended] = [
        aConsoleSession({ createdAt: 20, usedAt: 60 }),
        aConsoleSession({ createdAt: 30, usedAt: 60 }),
        aConsoleSession({ createdAt: 40, usedAt: 50 }),
        aConsoleSession({ createdAt: 50, usedAt: 60, expiresAt: 100 }),
        aConsoleSession({ createdAt: 55, usedAt: 60, revokedAt: 61 }),
      ]
      for (const each of [old, young, idle, over, ended]) await one.console.addSession(each)
      const query = { limit: 10, now: 100, usedSince: 50 }
      expect(await two.console.listSessions(query)).toEqual([young, old])
      expect(await two.console.listSessions({ ...query, limit: 1 })).toEqual([young])
      expect(await two.console.listSessions({ ...query, after: young.id })).toEqual([old])
    })

    it('spends a link once, however many try, and with it begins one session', async () => {
      const link = aLink()
      await one.console.addLink(link)
      const sessions = [1, 2, 3, 4].map(() => aConsoleSession())
      const spent = await Promise.all(
        sessions.map((each, at) => (at % 2 ? one : two).console.spendLink(link.hash, each)),
      )
      expect(spent.filter(Boolean)).toHaveLength(1)
      const found = await Promise.all(sessions.map(({ hash }) => two.console.findSession(hash)))
      expect(found.map((each) => each !== undefined)).toEqual(spent)
      expect((await two.console.findLink(link.hash))?.usedAt).toBe(10)
    })

    it('spends no link that has expired, and none for a session that cannot be', async () => {
      const link = aLink()
      await one.console.addLink(link)
      const late = aConsoleSession({ createdAt: 100 })
      expect(await one.console.spendLink(link.hash, late)).toBe(false)
      const { linkId: _, ...nobody } = aConsoleSession()
      await expect(one.console.spendLink(link.hash, nobody)).rejects.toMatchObject({
        code: 'internal',
      })
      expect(await two.console.findLink(link.hash)).not.toHaveProperty('usedAt')
    })

    it('gives a sign-in to one taker', async () => {
      const signIn = aSignIn()
      await one.console.addSignIn(signIn)
      const taken = await Promise.all(
        [one, two, one].map(({ console }) => console.takeSignIn(signIn.hash)),
      )
      expect(taken.filter(Boolean)).toHaveLength(1)
    })

    it('sweeps what is over, some at a time, and keeps spent links', async () => {
      const session = aConsoleSession()
      const spent = aLink()
      const unspent = aLink()
      const signIn = aSignIn()
      await one.console.addSession(session)
      await one.console.addLink(spent)
      await one.console.addLink(unspent)
      await one.console.addSignIn(signIn)
      await one.console.spendLink(spent.hash, aConsoleSession())
      expect(await two.console.sweep(100, 10)).toBe(0)
      expect(await two.console.sweep(1_001, 1)).toBe(3)
      expect(await two.console.sweep(1_001, 10)).toBe(1)
      expect(await one.console.findLink(unspent.hash)).toBeUndefined()
      expect(await one.console.findLink(spent.hash)).toBeDefined()
      expect(await two.console.hasBegun()).toBe(true)
    })
  })
}
