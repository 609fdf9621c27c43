import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { GrantRecord } from '../../src/grants/ports.ts'
import { Secret } from '../../src/kernel/index.ts'
import type { Store } from '../../src/store/index.ts'
import {
  aClaim,
  aFailure,
  aSavedToken,
  aSlot,
  aSuccess,
  type MakeStore,
  type SharedStore,
} from './builders.ts'
import { describeExchanges } from './exchanges.contract.ts'
import { describeGrantModel } from './grant-model.contract.ts'

const address = { connection: 'csp', tenant: 't' }
const failure = { code: 'grant_lapsed', detail: 'd', remedy: 'r', at: 40 } as const

/** What every `GrantStore` does. */
export function describeGrantStore(kind: string, makeStore: MakeStore): void {
  describeExchanges(kind, makeStore)
  describeGrantModel(kind, makeStore)

  describe(`grants in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())

    const aCandidate = async (subject = '', text = 'refresh 1', now = 5): Promise<GrantRecord> =>
      await one.grants.addCandidate({ ...address, subject }, { secret: new Secret(text) }, now)
    /** A grant that serves with a refresh token. */
    const aServingGrant = async (): Promise<GrantRecord> => {
      const { id } = await aCandidate('adele')
      await one.grants.activateCandidate(id, 'adele', 6)
      return await present(id)
    }
    const present = async (id: string): Promise<GrantRecord> => {
      const grant = await two.grants.getGrant(id)
      if (grant === undefined) throw new Error(`no grant "${id}"`)
      return grant
    }
    const refreshTokenOf = async (id: string): Promise<string | undefined> =>
      (await two.grants.viewForRenewal(aSlot(id)))?.refreshToken?.reveal()

    it('does not find what was never written, and changes nothing for it', async () => {
      expect(await one.grants.findGrant(address)).toBeUndefined()
      expect(await one.grants.getGrant('grt_none')).toBeUndefined()
      expect(await one.grants.readSlot(aSlot('grt_none'))).toBeUndefined()
      expect(await one.grants.viewForRenewal(aSlot('grt_none'))).toBeUndefined()
      expect(await one.grants.activateCandidate('grt_none', 's', 1)).toBe(false)
      expect(await one.grants.earliestDue()).toBeUndefined()
      await one.grants.revokeGrant('grt_none', 1)
      await one.grants.setGrantState('grt_none', 'active', 1)
      await one.grants.recordFailure('grt_none', failure, { lapse: true })
      await one.grants.markRefreshUnknown('grt_none', 1, 1)
      expect(await two.grants.listGrants({ limit: 9 })).toEqual([])
    })

    it('makes one pending grant, however many ask', async () => {
      const made = await Promise.all([one, two, one].map((s) => s.grants.ensureGrant(address, 5)))
      expect(new Set(made.map(({ id }) => id)).size).toBe(1)
      expect(made[0]).toEqual({
        ...address,
        id: made[0]?.id,
        subject: '',
        standing: 'current',
        state: 'pending',
        stateChangedAt: 5,
        createdAt: 5,
        refreshCount: 0,
      })
      expect(await two.grants.getGrant(made[0]?.id ?? '')).toEqual(made[0])
    })

    it('takes only the current grant for the one of an address', async () => {
      await aCandidate()
      expect(await two.grants.findGrant(address)).toBeUndefined()
      const { id } = await two.grants.ensureGrant(address, 9)
      expect((await one.grants.findGrant(address))?.id).toBe(id)
    })

    it('keeps a failure as evidence, and lapses the grant only when told', async () => {
      const { id } = await one.grants.ensureGrant(address, 1)
      await one.grants.recordFailure(id, failure, { lapse: false })
      expect(await present(id)).toMatchObject({ state: 'pending', lastFailure: failure })
      await one.grants.recordFailure(id, failure, { lapse: true })
      expect(await present(id)).toMatchObject({ state: 'lapsed', stateChangedAt: 40 })
    })

    it('keeps the evidence whole, with what the provider said', async () => {
      const { id } = await one.grants.ensureGrant(address, 1)
      const upstream = { status: 400, error: 'invalid_grant', errorCodes: [70_008] }
      await one.grants.recordFailure(id, { ...failure, upstream }, { lapse: false })
      expect((await present(id)).lastFailure).toEqual({ ...failure, upstream })
    })

    describe('a candidate', () => {
      it('is not activated once another has taken its place', async () => {
        const first = await aCandidate()
        const second = await aCandidate('', 'refresh 2')
        expect(await two.grants.activateCandidate(first.id, 's', 9)).toBe(false)
        expect(await present(first.id)).toMatchObject({ standing: 'superseded' })
        expect(await refreshTokenOf(first.id)).toBeUndefined()
        expect(await refreshTokenOf(second.id)).toBe('refresh 2')
      })

      it('is not activated when it was revoked or discarded', async () => {
        const first = await aCandidate()
        await one.grants.revokeGrant(first.id, 7)
        expect(await two.grants.activateCandidate(first.id, 's', 9)).toBe(false)
        const second = await aCandidate()
        await one.grants.discardCandidate(second.id, failure)
        expect(await two.grants.activateCandidate(second.id, 's', 9)).toBe(false)
        expect(await one.grants.findGrant(address)).toBeUndefined()
      })

      it('is activated once, whoever asks', async () => {
        const { id } = await aCandidate()
        const outcomes = await Promise.all(
          [one, two, one].map((s) => s.grants.activateCandidate(id, 'adele', 9)),
        )
        expect(outcomes.filter(Boolean)).toHaveLength(1)
      })

      it('waits beside the grant that serves, with a refresh token of its own', async () => {
        const serving = await aServingGrant()
        const candidate = await aCandidate('bob', 'refresh 2', 8)
        expect(candidate).toEqual({
          ...address,
          id: candidate.id,
          subject: 'bob',
          standing: 'candidate',
          state: 'pending',
          stateChangedAt: 8,
          createdAt: 8,
          refreshCount: 0,
          refreshToken: { version: 1, obtainedAt: 8, lastUsedAt: 8 },
        })
        expect((await two.grants.findGrant(address))?.id).toBe(serving.id)
        expect(await refreshTokenOf(serving.id)).toBe('refresh 1')
      })

      it('keeps what the provider said of the end of its refresh token', async () => {
        const token = { secret: new Secret('r'), expiresAt: 99 }
        const { id } = await one.grants.addCandidate({ ...address, subject: '' }, token, 5)
        expect((await present(id)).refreshToken).toMatchObject({ expiresAt: 99 })
      })

      it('stays pending while its tokens are proven', async () => {
        const { id } = await aCandidate()
        await aSavedToken(one, aSlot(id))
        expect(await present(id)).toMatchObject({ standing: 'candidate', state: 'pending' })
        expect((await two.grants.readSlot(aSlot(id)))?.token).toBeDefined()
      })

      it('serves from its activation on, and supersedes what served, erasing its tokens', async () => {
        const before = await aServingGrant()
        await aSavedToken(one, aSlot(before.id))
        const { id } = await aCandidate('', 'refresh 2')
        expect(await two.grants.activateCandidate(id, 'bob', 30)).toBe(true)
        expect(await one.grants.findGrant(address)).toMatchObject({
          id,
          subject: 'bob',
          state: 'active',
          stateChangedAt: 30,
        })
        const after = await present(before.id)
        expect(after).toMatchObject({ standing: 'superseded', subject: 'adele' })
        expect(after).not.toHaveProperty('refreshToken')
        expect(await one.grants.readSlot(aSlot(before.id))).not.toHaveProperty('token')
        expect(await refreshTokenOf(id)).toBe('refresh 2')
      })

      it('that is discarded leaves the one that serves alone and keeps the reason', async () => {
        const serving = await aServingGrant()
        const { id } = await aCandidate('', 'refresh 2')
        await two.grants.discardCandidate(id, failure)
        await two.grants.discardCandidate(serving.id, failure)
        const discarded = await present(id)
        expect(discarded).toMatchObject({ standing: 'superseded', lastFailure: failure })
        expect(discarded).not.toHaveProperty('refreshToken')
        expect(await present(serving.id)).toEqual(serving)
      })
    })

    describe('a revoked grant', () => {
      it('gets nothing saved by an exchange that was under way, nor after it starts anew', async () => {
        const { id } = await aServingGrant()
        const slot = aSlot(id)
        const redemption = { refreshVersion: 1, isExclusive: true }
        await one.grants.beginExchange(aClaim(slot, 'a', { redemption }))
        await two.grants.revokeGrant(id, 15)
        const late = aSuccess(slot, 'a', {
          redemption: { refreshVersion: 1, refreshToken: new Secret('refresh 2') },
        })
        const outcome = { token: 'superseded', refreshToken: 'superseded' }
        expect(await one.grants.commitExchange(late)).toMatchObject(outcome)
        await two.grants.setGrantState(id, 'pending', 30)
        expect(await one.grants.commitExchange(late)).toMatchObject(outcome)
        expect(await present(id)).toMatchObject({ state: 'pending', refreshCount: 0 })
        expect(await refreshTokenOf(id)).toBeUndefined()
        expect(await two.grants.readSlot(slot)).not.toHaveProperty('token')
      })

      it('begins no exchange, and no failure moves it', async () => {
        const { id } = await one.grants.ensureGrant(address, 1)
        await one.grants.revokeGrant(id, 5)
        const claim = aClaim(aSlot(id), 'a')
        expect(await two.grants.beginExchange(claim)).toEqual({ kind: 'moved' })
        await one.grants.failExchange({
          slot: aSlot(id),
          attemptId: 'a',
          failure: aFailure(),
          now: 30,
          lapse: true,
        })
        await one.grants.recordFailure(id, failure, { lapse: true })
        expect(await present(id)).toMatchObject({ state: 'revoked', stateChangedAt: 5 })
      })

      it('comes back only as pending', async () => {
        const { id } = await one.grants.ensureGrant(address, 1)
        await one.grants.revokeGrant(id, 5)
        await two.grants.setGrantState(id, 'active', 6)
        await two.grants.setGrantState(id, 'orphaned', 6)
        expect((await present(id)).state).toBe('revoked')
        await two.grants.setGrantState(id, 'pending', 7)
        expect(await present(id)).toMatchObject({ state: 'pending', stateChangedAt: 7 })
      })

      it('has lost its tokens, flights and intents, and is never due', async () => {
        const { id } = await aServingGrant()
        await aSavedToken(one, aSlot(id))
        await one.grants.scheduleKeepAlive(id, 10)
        const redemption = { refreshVersion: 1, isExclusive: true }
        const other = aSlot(id, { target: 'arm' })
        await one.grants.beginExchange(aClaim(other, 'a', { redemption }))
        await two.grants.revokeGrant(id, 50)
        await one.grants.revokeGrant(id, 60)
        expect(await present(id)).toMatchObject({ state: 'revoked', stateChangedAt: 50 })
        expect(await present(id)).not.toHaveProperty('refreshToken')
        for (const slot of [aSlot(id), other]) {
          const view = await one.grants.viewForRenewal(slot)
          expect(Object.keys(view ?? {}).toSorted()).toEqual(['grant', 'slot'])
          expect(Object.keys(view?.slot ?? {})).toEqual(['version'])
        }
        expect(await one.grants.takeDue(1_000, 9, 5)).toEqual([])
        expect(await one.grants.earliestDue()).toBeUndefined()
      })
    })

    it('moves between orphaned, pending and active, and back by its next token', async () => {
      const { id } = await one.grants.ensureGrant(address, 1)
      for (const state of ['orphaned', 'pending', 'active', 'orphaned'] as const) {
        await two.grants.setGrantState(id, state, 7)
        expect((await present(id)).state).toBe(state)
      }
      await aSavedToken(one, aSlot(id))
      expect((await present(id)).state).toBe('active')
    })

    describe('what is due', () => {
      const schedule = async (tenant: string, at: number | undefined): Promise<GrantRecord> => {
        const grant = await one.grants.ensureGrant({ connection: 'c', tenant }, 1)
        await one.grants.scheduleKeepAlive(grant.id, at)
        return grant
      }

      it('leaves out grants without a date, candidates, superseded and future ones', async () => {
        await schedule('never', undefined)
        await schedule('later', 101)
        const { id } = await aCandidate()
        await one.grants.scheduleKeepAlive(id, 1)
        const superseded = await aCandidate()
        await one.grants.scheduleKeepAlive(superseded.id, 1)
        expect(await two.grants.takeDue(100, 9, 50)).toEqual([])
        expect(await two.grants.earliestDue()).toBe(101)
      })

      it('comes the most overdue first, and is taken by one process alone', async () => {
        for (const [tenant, at] of [
          ['a', 30],
          ['b', 10],
          ['c', 20],
        ] as const) {
          await schedule(tenant, at)
        }
        expect(await one.grants.earliestDue()).toBe(10)
        const [first, second] = await Promise.all([
          one.grants.takeDue(100, 2, 50),
          two.grants.takeDue(100, 2, 50),
        ])
        const taken = [first, second].map((grants) => grants.map(({ tenant }) => tenant).join())
        expect(taken.toSorted()).toEqual(['a', 'b,c'])
        expect(first[0]?.keepAliveAt).toBe(150)
        expect(await two.grants.takeDue(149, 9, 50)).toEqual([])
        expect(await two.grants.takeDue(150, 9, 50)).toHaveLength(3)
      })

      it('is put off by a commit that says when, and not by one that does not', async () => {
        const { id } = await schedule('a', 10)
        await aSavedToken(one, aSlot(id))
        expect((await present(id)).keepAliveAt).toBe(10)
        await aSavedToken(one, aSlot(id), { slotVersion: 1, keepAliveAt: 500 })
        expect((await present(id)).keepAliveAt).toBe(500)
        await one.grants.scheduleKeepAlive(id, undefined)
        expect(await present(id)).not.toHaveProperty('keepAliveAt')
      })
    })

    describe('a listing', () => {
      it('gives the newest first, page by page, for every mix of filters', async () => {
        const connections = ['a', 'b']
        const tenants = ['x', 'y']
        let now = 0
        for (const connection of connections) {
          for (const tenant of tenants) {
            now += 1
            await one.grants.ensureGrant({ connection, tenant }, now)
            for (let i = 0; i < 3; i++) {
              now += 1
              const key = { connection, tenant, subject: `${i}` }
              await one.grants.addCandidate(key, { secret: new Secret('r') }, now)
            }
          }
        }
        const all = await two.grants.listGrants({ limit: 99 })
        expect(all).toHaveLength(16)
        expect(all.map(({ createdAt }) => createdAt)).toEqual(
          Array.from({ length: 16 }, (_, i) => 16 - i),
        )
        for (const connection of [undefined, ...connections]) {
          for (const tenant of [undefined, ...tenants]) {
            for (const standing of [undefined, 'current', 'candidate', 'superseded'] as const) {
              const filters = Object.entries({ connection, tenant, standing })
              const given = Object.fromEntries(filters.filter(([, value]) => value !== undefined))
              const expected = all.filter((grant) =>
                Object.entries(given).every(([name, value]) => grant[name as 'tenant'] === value),
              )
              const paged: GrantRecord[] = []
              for (;;) {
                const afterId = paged.at(-1)?.id
                const after = afterId === undefined ? {} : { afterId }
                const page = await two.grants.listGrants({ ...given, ...after, limit: 3 })
                paged.push(...page)
                if (page.length < 3) break
              }
              expect(paged).toEqual(expected)
            }
          }
        }
      })
    })

    describe('the generation of grants', () => {
      const changes = async (act: () => Promise<unknown>): Promise<readonly string[]> => {
        const before = await two.readGenerations()
        await act()
        const after = await two.readGenerations()
        return (['grants', 'slots'] as const).filter((topic) => after[topic] !== before[topic])
      }

      it('stands still while neither state nor standing changes', async () => {
        const { id } = await aServingGrant()
        const slot = aSlot(id)
        expect(await changes(async () => await one.grants.ensureGrant(address, 9))).toEqual([])
        expect(await changes(async () => await aSavedToken(one, slot))).toEqual(['slots'])
        expect(
          await changes(async () => await one.grants.recordFailure(id, failure, { lapse: false })),
        ).toEqual(['slots'])
        expect(await changes(async () => await one.grants.scheduleKeepAlive(id, 5))).toEqual([
          'slots',
        ])
        expect(await changes(async () => await one.grants.takeDue(9, 9, 9))).toEqual(['slots'])
        expect(await changes(async () => await one.grants.setGrantState(id, 'active', 9))).toEqual(
          [],
        )
      })

      it('moves with a new grant, a lapse, an orphan, an activation and a revocation', async () => {
        const moves = async (act: () => Promise<unknown>): Promise<void> =>
          expect(await changes(act)).toContain('grants')
        await moves(async () => await one.grants.ensureGrant(address, 1))
        const { id } = await one.grants.ensureGrant(address, 1)
        await moves(async () => await aSavedToken(one, aSlot(id)))
        await moves(async () => await one.grants.recordFailure(id, failure, { lapse: true }))
        await moves(async () => await one.grants.setGrantState(id, 'orphaned', 9))
        await moves(async () => await aCandidate())
        const candidate = await aCandidate()
        await moves(async () => await one.grants.activateCandidate(candidate.id, 's', 9))
        const failed = await aCandidate()
        await moves(async () => await one.grants.discardCandidate(failed.id, failure))
        await moves(async () => await one.grants.revokeGrant(candidate.id, 9))
      })
    })
  })
}
