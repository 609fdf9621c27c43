import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConsentSession } from '../../src/consent/index.ts'
import { newId, Secret } from '../../src/kernel/index.ts'
import type { Store } from '../../src/store/index.ts'
import { aRing, type MakeStore, type SharedStore } from './builders.ts'

/** A session that can be finished from 10 to 1,000. */
function aConsent(over: Partial<ConsentSession> = {}): ConsentSession {
  const createdAt = over.createdAt ?? 10
  return {
    id: newId('cns', createdAt),
    connection: 'csp',
    tenant: 'contoso.example',
    stateHash: crypto.randomUUID(),
    redirectUri: 'http://localhost:8420/consent/callback',
    purpose: 'connect',
    startedBy: 'alex',
    state: 'created',
    stateChangedAt: createdAt,
    createdAt,
    expiresAt: 1_000,
    approvesAccount: false,
    rungs: [],
    ...over,
  }
}

/** What every `ConsentStore` does. */
export function describeConsentStore(kind: string, makeStore: MakeStore): void {
  describe(`consent sessions in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())

    const verifier = new Secret('planted-verifier')
    const add = async (session: ConsentSession): Promise<void> => {
      expect(await one.consents.addConsent(session, verifier)).toBe(true)
    }
    const generation = async (): Promise<number> => (await two.readGenerations()).consents

    it('are not known before they were added', async () => {
      expect(await two.consents.findConsentByState('none')).toBeUndefined()
      expect(await two.consents.newestConsent('csp', 'contoso.example')).toBeUndefined()
      expect(await two.consents.spendConsent('cns_none', 'ins_1', 20)).toBeUndefined()
      const change = { from: 'created', to: 'cancelled' } as const
      expect(await two.consents.moveConsent('cns_none', change, 20)).toBe(false)
      expect(await generation()).toBe(0)
    })

    it('are read by other processes as they were added', async () => {
      const plain = aConsent()
      const full = aConsent({
        connection: 'other',
        purpose: 'reconnect',
        expectedSubject: 'oid',
        approvesAccount: true,
        linkId: 'lnk_1',
        browserHash: 'planted-hash',
      })
      for (const session of [plain, full]) {
        await add(session)
        expect(await two.consents.findConsentByState(session.stateHash)).toEqual(session)
        expect(await two.consents.findConsent(session.id)).toEqual(session)
      }
      expect(await generation()).toBeGreaterThan(0)
    })

    it('are waited for one at a time, for each connection and tenant', async () => {
      const first = aConsent({ createdAt: 10 })
      const elsewhere = aConsent({ createdAt: 11, tenant: 'fabrikam.example' })
      const second = aConsent({ createdAt: 12 })
      for (const session of [first, elsewhere, second]) await add(session)
      expect(await two.consents.newestConsent('csp', 'contoso.example')).toEqual(second)
      expect(await two.consents.findConsentByState(first.stateHash)).toMatchObject({
        state: 'cancelled',
        stateChangedAt: 12,
      })
      expect(await two.consents.spendConsent(first.id, 'ins_1', 20)).toBeUndefined()
      expect((await two.consents.spendConsent(elsewhere.id, 'ins_1', 20))?.reveal()).toBe(
        'planted-verifier',
      )
    })

    it('that a link began are waited for besides, one for each link', async () => {
      const plain = aConsent({ createdAt: 10 })
      const linked = aConsent({ createdAt: 11, linkId: 'lnk_1' })
      const other = aConsent({ createdAt: 12, linkId: 'lnk_2' })
      const again = aConsent({ createdAt: 13, linkId: 'lnk_1' })
      for (const session of [plain, linked, other, again]) await add(session)
      const states = await Promise.all(
        [plain, linked, other, again].map(
          async ({ id }) => (await two.consents.findConsent(id))?.state,
        ),
      )
      expect(states).toEqual(['created', 'cancelled', 'created', 'created'])
      // A code without its state is of none that a link began.
      expect(await two.consents.newestConsent('csp', 'contoso.example')).toEqual(plain)
    })

    it('are listed the newest first, by connection, tenant and state', async () => {
      const first = aConsent({ createdAt: 10 })
      const second = aConsent({ createdAt: 11, connection: 'other' })
      const third = aConsent({ createdAt: 12, tenant: 'fabrikam.example' })
      for (const session of [first, second, third]) await add(session)
      await one.consents.moveConsent(second.id, { from: 'created', to: 'cancelled' }, 20)
      const ids = async (query: object): Promise<readonly string[]> =>
        (await two.consents.listConsents({ limit: 10, ...query })).map(({ id }) => id)
      expect(await ids({})).toEqual([third.id, second.id, first.id])
      expect(await ids({ limit: 1, before: third.id })).toEqual([second.id])
      expect(await ids({ connection: 'csp' })).toEqual([third.id, first.id])
      expect(await ids({ connection: 'csp', tenant: 'fabrikam.example' })).toEqual([third.id])
      expect(await ids({ state: 'cancelled' })).toEqual([second.id])
    })

    it('keep who signed in and how far their trial came, until they are over', async () => {
      const session = aConsent()
      const rung = { name: 'identity', outcome: 'running', requestIds: [] } as const
      const account = { subject: 'oid', userName: 'alex@contoso.example' }
      await add(session)
      await one.consents.noteConsent(session.id, { account, rungs: [rung] })
      expect(await two.consents.findConsent(session.id)).toEqual(session)
      await one.consents.spendConsent(session.id, 'ins_1', 20)
      await one.consents.noteConsent(session.id, { account, rungs: [rung] })
      await one.consents.noteConsent(session.id, { rungs: [rung, { ...rung, name: 'roles' }] })
      expect(await two.consents.findConsent(session.id)).toMatchObject({
        worker: 'ins_1',
        account,
        rungs: [rung, { name: 'roles' }],
      })
      const ended = { ...rung, outcome: 'passed' } as const
      const move = { from: 'code_received', to: 'active', rungs: [ended] } as const
      expect(await one.consents.moveConsent(session.id, move, 30)).toBe(true)
      await one.consents.noteConsent(session.id, { rungs: [rung] })
      expect(await two.consents.findConsent(session.id)).toMatchObject({
        state: 'active',
        account,
        rungs: [ended],
      })
    })

    it('are waited for one at a time also when they are begun at once', async () => {
      const sessions = [10, 20, 30, 40].map((createdAt) => aConsent({ createdAt }))
      await Promise.all(
        sessions.map(
          async (session, at) =>
            await (at % 2 === 0 ? one : two).consents.addConsent(session, verifier),
        ),
      )
      const states = await Promise.all(
        sessions.map(
          async ({ stateHash }) => (await one.consents.findConsentByState(stateHash))?.state,
        ),
      )
      expect(states.filter((state) => state === 'created')).toHaveLength(1)
    })

    it('are spent by one of many', async () => {
      const session = aConsent()
      await add(session)
      const spent = await Promise.all(
        [one, two, one, two].map(async ({ consents }) =>
          consents.spendConsent(session.id, 'ins_1', 20),
        ),
      )
      expect(spent.filter((secret) => secret !== undefined)).toHaveLength(1)
      expect(await two.consents.findConsentByState(session.stateHash)).toMatchObject({
        state: 'code_received',
        stateChangedAt: 20,
      })
    })

    it('are not spent once their time is over', async () => {
      const session = aConsent()
      await add(session)
      expect(await two.consents.spendConsent(session.id, 'ins_1', 1_000)).toBeUndefined()
      expect((await one.consents.spendConsent(session.id, 'ins_1', 999))?.reveal()).toBe(
        'planted-verifier',
      )
    })

    it('move on from the state that is named alone, and lose their verifier', async () => {
      const session = aConsent()
      await add(session)
      const failure = { code: 'consent_denied', detail: 'declined' } as const
      const fail = { from: 'created', to: 'failed', failure } as const
      expect(await two.consents.moveConsent(session.id, { ...fail, from: 'verifying' }, 30)).toBe(
        false,
      )
      expect(await two.consents.moveConsent(session.id, fail, 30)).toBe(true)
      expect(await one.consents.moveConsent(session.id, fail, 40)).toBe(false)
      expect(await one.consents.findConsentByState(session.stateHash)).toEqual({
        ...session,
        state: 'failed',
        stateChangedAt: 30,
        failure,
      })
      expect((await one.keys.countByKey()).size).toBe(0)
    })

    it('have their verifier sealed anew with another key', async () => {
      const rotating = await shared.open('main', aRing('k1', 'k2'))
      const session = aConsent()
      await rotating.consents.addConsent(session, verifier)
      await rotating.keys.setSealingKey('k2')
      let after: string | undefined
      do after = (await rotating.keys.reseal(after, 10)).next
      while (after !== undefined)
      expect(await rotating.keys.countByKey()).toEqual(new Map([['k2', 1]]))
      const spent = await rotating.consents.spendConsent(session.id, 'ins_1', 20)
      expect(spent?.reveal()).toBe('planted-verifier')
    })

    it('are swept once they are over, some at a time', async () => {
      const sessions = [100, 200, 300].map((expiresAt) =>
        aConsent({ expiresAt, connection: `c${expiresAt}` }),
      )
      for (const session of sessions) await add(session)
      expect(await two.consents.sweepConsents(100, 10)).toBe(0)
      expect(await two.consents.sweepConsents(250, 1)).toBe(1)
      expect(await two.consents.sweepConsents(250, 10)).toBe(1)
      const [first, , last] = sessions
      expect(await one.consents.findConsentByState(first?.stateHash ?? '')).toBeUndefined()
      expect(await one.consents.findConsentByState(last?.stateHash ?? '')).toEqual(last)
    })
  })
}
